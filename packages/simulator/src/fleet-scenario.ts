import { Plan, type Stage } from "@moult/model";
import { PLACES } from "@moult/planner";
import { chanceOf, type Chance } from "./chance.ts";
import type { FaultLevel } from "./fault-levels.ts";
import type { Behaviour, Release } from "./release.ts";
import { scenarioOf, type PayloadKind, type Scenario } from "./scenario.ts";

/** One release's way to the fleet. */
export interface FleetDeployment {
  readonly release: Release;
  readonly plan: Plan;
  readonly salt: number;
}

/** A fleet's world, drawn from a seed. */
export interface FleetScenario {
  readonly level: FaultLevel;
  readonly devices: readonly {
    readonly seed: number;
    readonly draw: number;
    readonly scenario: Scenario;
  }[];
  /** One after the other; the last one is good and comes when all is quiet. */
  readonly deployments: readonly FleetDeployment[];
  /** Chances per look of the operator. */
  readonly pauses: number;
}

/** Without the level that promises nothing about what devices say. */
const LEVELS: readonly [FaultLevel, ...FaultLevel[]] = ["L0", "L1", "L2", "L3", "L5"];

const FLEET_PURPOSE = 100;
const DEVICES_MIN = 3;
const DEVICES_MAX = 20;

export function fleetScenarioOf(seed: number, devices?: number): FleetScenario {
  const chance = chanceOf(seed, FLEET_PURPOSE);
  // Drawn in any case, so that a fleet whose size is said is the same as one whose size was drawn.
  const drawnSize = DEVICES_MIN + chance.below(DEVICES_MAX - DEVICES_MIN + 1);
  const size = devices ?? drawnSize;
  const level = LEVELS[seed % LEVELS.length] ?? "L0";
  const payloads = chance.pick<readonly [PayloadKind, ...PayloadKind[]]>([
    ["slot"],
    ["slot"],
    ["app"],
    ["slot", "app"],
    ["module"],
  ]);
  const releases = drawReleases(chance, payloads);
  const common = { payloads, releases, modulesRollBack: chance.happens(0.7) };
  const troubled = chance.pick([0.1, 0.3, 0.7]);
  return {
    level,
    devices: Array.from({ length: size }, (_, index) => {
      const ownSeed = seed * 1_000 + index;
      const drawn = scenarioOf(ownSeed, level);
      const own = chance.happens(troubled) ? drawn : calm(drawn);
      const draw = 1 + chance.below(PLACES - 2);
      return { seed: ownSeed, draw, scenario: { ...own, ...common, ...ALONE } };
    }),
    deployments: releases.map((release) => ({
      release,
      plan: drawPlan(chance, size),
      salt: 1 + chance.below(PLACES - 2),
    })),
    pauses: chance.happens(0.3) ? 0 : 0.2,
  };
}

/** Nobody stands at the devices of a fleet, and the planner alone takes offers back. */
const ALONE = { standalone: new Set<number>(), asksPerson: false, withdraw: 0 } as const;

/** A device that has only the network's everyday troubles. */
const calm = (drawn: Scenario): Scenario => ({
  ...drawn,
  cutRate: 0,
  agentCrash: 0,
  failures: {},
  network: { requestLost: 0.02, replyLost: 0.02, doubled: 0.05, stale: 0.05, down: 0 },
  bootWriteFails: 0,
  clockLost: 0,
  dataLost: 0,
  diskFull: 0,
  corruption: 0,
  held: 0,
});

/** Of the releases that are not good none ever works, so that what becomes of them is certain. */
function drawReleases(
  chance: Chance,
  payloads: readonly PayloadKind[],
): readonly [Release, ...Release[]] {
  const release = (number: number, behaviour: Behaviour): Release => ({
    number,
    name: `release-${number}`,
    securityCounter: number,
    behaviour,
    stateVersion: 1,
  });
  const bad: readonly [Behaviour, ...Behaviour[]] = payloads.includes("slot")
    ? ["no-kernel", "hangs-early", "hangs-late", "panics", "unhealthy", "offline"]
    : ["unhealthy", "offline"];
  const draw = (): Behaviour => (chance.happens(0.5) ? "good" : chance.pick(bad));
  return [release(1, draw()), release(2, draw()), release(3, "good")];
}

function drawPlan(chance: Chance, devices: number): Plan {
  const first = 1 + chance.below(Math.max(1, Math.floor(devices / 2)));
  const errorStop = chance.happens(0.5)
    ? { count: 1 + chance.below(first) }
    : { percent: chance.pick([10, 30, 50]), sampleMin: 1 + chance.below(3) };
  const advance = (): Stage["advance"] => ({
    successPercent: chance.pick([50, 80, 100]),
    ...(chance.happens(0.3) ? { afterSeconds: 300 } : {}),
    ...(chance.happens(0.15) ? { maxWaitSeconds: 1_800 } : {}),
    ...(chance.happens(0.1) ? { manual: true } : {}),
  });
  const half = { size: { percent: 60 }, advance: advance(), errorStop };
  return Plan.parse({
    stages: [
      { size: { count: first }, advance: advance(), errorStop },
      ...(chance.happens(0.5) ? [half] : []),
      { size: { remaining: true }, errorStop },
    ],
    limits: { concurrentMax: chance.pick([1, 3, devices]) },
    retry: { attemptsMax: 1 + chance.below(3), backoffSeconds: chance.pick([0, 0, 120]) },
    ...(chance.happens(0.5) ? { timeouts: { silenceSeconds: 1_800 } } : {}),
    onTrip: chance.pick(["pause", "cancel-queued", "cancel-all"]),
  });
}
