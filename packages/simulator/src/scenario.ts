import type { Effect } from "@moult/updater";
import { chanceOf, type Chance } from "./chance.ts";
import { termsOf, type FaultLevel, type LevelTerms } from "./fault-levels.ts";
import type { Behaviour, Release } from "./release.ts";

/** What an update is made of. */
export type PayloadKind =
  /** A whole system in the other slot. */
  | "slot"
  /** A program that the agent stops and starts. */
  | "app"
  /** Something that an update module installs and restarts by itself, such as the firmware of another chip. */
  | "module";

/** A world, drawn from a seed; a fault that is 0 never happens in it. */
export interface Scenario {
  readonly level: FaultLevel;
  readonly terms: LevelTerms;
  readonly payloads: readonly [PayloadKind, ...PayloadKind[]];
  /** Whether modules can take back what they installed; slots and applications always can. */
  readonly modulesRollBack: boolean;
  readonly releases: readonly Release[];
  /** Deployments whose file is carried to the device by a person instead. */
  readonly standalone: ReadonlySet<number>;
  readonly attemptsMax: number;
  /** Share of the moments at which power goes; and how often it goes again soon after. */
  readonly cutRate: number;
  readonly cutAgain: number;
  /** Chance per instant of the clock that the agent alone ends. */
  readonly agentCrash: number;
  /** What the watchdog of this board does to a system that hangs. */
  readonly watchdog: "reset" | "power-cut";
  /** Chance that one run of an effect fails, by effect; 1 is "never works". */
  readonly failures: Partial<Record<Effect["kind"], number>>;
  /** Chance that a change takes its time, so that other things happen meanwhile. */
  readonly slowness: number;
  /** Chances per message. */
  readonly network: {
    readonly requestLost: number;
    readonly replyLost: number;
    readonly doubled: number;
    /** An answer to an earlier question arrives instead. */
    readonly stale: number;
    /** Chance per message that the server goes down for some minutes. */
    readonly down: number;
  };
  /** Chance per check-in that the server takes its offer back for a while. */
  readonly withdraw: number;
  /** Chance that the bootloader cannot write its environment. */
  readonly bootWriteFails: number;
  /** Chance per power-on that the clock stands at 1970. */
  readonly clockLost: number;
  /** Chance per power-on that the data partition is lost. */
  readonly dataLost: number;
  /** Chance per check-in that the disk is full for some minutes. */
  readonly diskFull: number;
  /** Chance per installation that the medium stores a byte wrongly. */
  readonly corruption: number;
  /** Chance that a device asked to go on has reasons not to. */
  readonly held: number;
  /** Whether a person has to say yes before the installation. */
  readonly asksPerson: boolean;
}

const RELEASES_MAX = 6;

/** Swarm: each fault is off in most worlds and strong in some, so that every mix is met. */
export function scenarioOf(seed: number, level: FaultLevel): Scenario {
  const chance = chanceOf(seed, 0);
  const sometimes = (most: number): number => (chance.happens(0.5) ? 0 : chance.fraction() * most);
  const rarely = (most: number): number => (chance.happens(0.8) ? 0 : chance.fraction() * most);
  const payloads = drawPayloads(chance);
  const count = 2 + chance.below(RELEASES_MAX - 1);
  return {
    level,
    terms: termsOf(level),
    payloads,
    modulesRollBack: chance.happens(0.7),
    releases: drawReleases(chance, count, payloads),
    standalone: drawSet(chance, count, 0.08),
    attemptsMax: 1 + chance.below(3),
    cutRate: chance.happens(0.3) ? 0 : 0.002 + 0.03 * chance.fraction() ** 3,
    cutAgain: sometimes(0.7),
    agentCrash: rarely(0.02),
    watchdog: chance.pick(["reset", "power-cut"]),
    failures: drawFailures(chance),
    slowness: sometimes(0.1),
    network: {
      requestLost: sometimes(0.4),
      replyLost: sometimes(0.4),
      doubled: sometimes(0.3),
      stale: sometimes(0.3),
      down: rarely(0.1),
    },
    withdraw: rarely(0.1),
    bootWriteFails: rarely(0.5),
    clockLost: rarely(0.6),
    dataLost: rarely(0.3),
    diskFull: rarely(0.05),
    corruption: rarely(0.3),
    held: rarely(0.7),
    asksPerson: chance.happens(0.1),
  };
}

function drawPayloads(chance: Chance): readonly [PayloadKind, ...PayloadKind[]] {
  return chance.pick<readonly [PayloadKind, ...PayloadKind[]]>([
    ["slot"],
    ["slot"],
    ["slot"],
    ["app"],
    ["module"],
    ["slot", "app"],
    ["slot", "module"],
    ["app", "module"],
    ["slot", "app", "module"],
  ]);
}

function drawReleases(
  chance: Chance,
  count: number,
  payloads: readonly PayloadKind[],
): readonly Release[] {
  const goodness = chance.pick([0.2, 0.5, 0.8]);
  const isNewAgent = payloads.includes("slot") && chance.happens(0.3);
  let securityCounter = 1;
  let stateVersion = 1;
  return Array.from({ length: count }, (_, index) => {
    const isDowngrade = chance.happens(0.1);
    if (!isDowngrade && chance.happens(0.4)) securityCounter += 1;
    if (isNewAgent && chance.happens(0.3)) stateVersion += 1;
    return {
      number: index + 1,
      name: `release-${index + 1}`,
      securityCounter: isDowngrade ? Math.max(0, securityCounter - 1) : securityCounter,
      behaviour: chance.happens(goodness) ? "good" : drawBehaviour(chance, payloads),
      stateVersion,
    };
  });
}

function drawBehaviour(chance: Chance, payloads: readonly PayloadKind[]): Behaviour {
  if (!payloads.includes("slot")) return chance.pick(["unhealthy", "flaky", "offline"]);
  return chance.pick([
    "no-kernel",
    "hangs-early",
    "hangs-late",
    "panics",
    "unhealthy",
    "flaky",
    "offline",
  ]);
}

function drawFailures(chance: Chance): Partial<Record<Effect["kind"], number>> {
  const failures: Partial<Record<Effect["kind"], number>> = {};
  for (const kind of FALLIBLE)
    if (chance.happens(0.08)) failures[kind] = chance.happens(0.3) ? 1 : chance.fraction();
  return failures;
}

const drawSet = (chance: Chance, count: number, probability: number): ReadonlySet<number> =>
  new Set(
    Array.from({ length: count }, (_, index) => index + 1).filter(() =>
      chance.happens(probability),
    ),
  );

/** Steps that may fail by themselves in these worlds. */
const FALLIBLE: readonly Effect["kind"][] = [
  "download",
  "unpack",
  "install",
  "activate",
  "reboot",
  "verify-activation",
  "check-health",
  "reach-server",
  "commit",
  "leave-commit",
  "roll-back",
  "reboot-rollback",
  "verify-rollback",
  "handle-failure",
  "clean-up",
];
