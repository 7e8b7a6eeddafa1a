import { present } from "@moult/base";
import { failuresOf, fleetOpenNextStage, fleetOperate, type AssignmentFacts } from "@moult/planner";
import { chanceOf, type Chance } from "./chance.ts";
import { FleetChecks } from "./fleet-checks.ts";
import type { FleetBroken } from "./fleet-invariants.ts";
import { fleetScenarioOf, type FleetScenario } from "./fleet-scenario.ts";
import { deviceOf, fleetInstant, FleetServer, whereItStands } from "./fleet-server.ts";
import { FLEET_SHELL, type FleetShell } from "./fleet-shell.ts";
import { createImages, type Images } from "./release.ts";
import { SHIPPED } from "./shipped.ts";
import { FACTORY, SimulatedDevice } from "./simulated-device.ts";
import type { Platform } from "./simulate.ts";
import { count, emptyTally, type Tally } from "./tally.ts";
import { createTrace, noTrace, type Trace } from "./trace.ts";
import { createVirtualTime } from "./virtual-time.ts";

export interface SimulateFleetOptions {
  readonly platform: Platform;
  readonly seed: number;
  /** How many; drawn from the seed unless said. */
  readonly devices?: number | undefined;
  readonly shell?: FleetShell;
  readonly isTraced?: boolean;
  readonly images?: Images;
}

export interface FleetSimulation {
  readonly broken: FleetBroken | null;
  readonly devices: number;
  /** How each deployment ended, in their order. */
  readonly deployments: readonly { readonly isBad: boolean; readonly state: string }[];
  readonly tally: Tally;
  readonly trace: readonly string[];
}

/** Runs one fleet: deployments among faults first, then quiet, in which a good release has to reach every device. */
export async function simulateFleet(options: SimulateFleetOptions): Promise<FleetSimulation> {
  const world = new FleetWorld(options);
  await world.run();
  return {
    broken: world.broken,
    devices: world.scenario.devices.length,
    deployments: world.server.begun.map(({ deployment, fleet }) => ({
      isBad: deployment.release.behaviour !== "good",
      state: fleet.state,
    })),
    tally: world.tally,
    trace: world.trace.lines,
  };
}

/** Faults for this long at most; after it, quiet. */
const FAULTY_MS = 3 * 3_600_000;
/** By then a quiet fleet has to have come to rest. */
const SETTLE_MS = 24 * 3_600_000;
const FAULTY_EVENTS_MAX = 3_000;
const EVENTS_MAX = 40_000;
const LOOK_MS = 60_000;
const OPERATOR = 101;

class FleetWorld {
  readonly scenario: FleetScenario;
  readonly server: FleetServer;
  readonly trace: Trace;
  readonly tally = emptyTally();

  readonly #options: SimulateFleetOptions;
  readonly #checks: FleetChecks;
  readonly #devices: readonly SimulatedDevice[];
  readonly #time = createVirtualTime();
  readonly #chance: Chance;
  #isFaulty = true;

  constructor(options: SimulateFleetOptions) {
    const { platform, seed, devices, shell = FLEET_SHELL, isTraced = false } = options;
    const images = options.images ?? createImages(platform.sha256);
    this.#options = options;
    this.scenario = fleetScenarioOf(seed, devices);
    this.#chance = chanceOf(seed, OPERATOR);
    this.trace = isTraced ? createTrace(() => this.#time.nowMs) : noTrace;
    this.#checks = new FleetChecks(this.tally, this.trace);
    this.server = new FleetServer({
      scenario: this.scenario,
      shell,
      images,
      checks: this.#checks,
      trace: this.trace,
      tally: this.tally,
      now: () => fleetInstant(this.#time.nowMs),
      device: (index) => present(this.#devices[index], "it speaks"),
    });
    this.#devices = this.scenario.devices.map((device, index) => {
      const port = this.server.portOf(index);
      return new SimulatedDevice({
        platform,
        seed: device.seed,
        scenario: device.scenario,
        releases: [FACTORY, ...this.scenario.deployments.map(({ release }) => release)],
        shipped: SHIPPED,
        images,
        time: this.#time,
        trace: { ...this.trace, note: (text) => this.trace.note(() => `  ${index}: ${text()}`) },
        tally: this.tally,
        server: () => port,
        isFaulty: () => this.#isFaulty,
        onPowerCut: () => undefined,
      });
    });
  }

  /** What broke first, in the server or in a device. */
  get broken(): FleetBroken | null {
    const inDevice = this.#devices.find(({ checks }) => checks.broken !== null)?.checks.broken;
    return this.#checks.broken ?? inDevice ?? null;
  }

  async run(): Promise<void> {
    const { settle } = this.#options.platform;
    const events = this.#devices.length;
    this.tally.seeds = 1;
    this.#beginNext();
    for (const { machine } of this.#devices) machine.powerOn();
    this.#time.at(LOOK_MS, () => this.#look());
    let quietSinceMs = Number.POSITIVE_INFINITY;
    for (let event = 0; this.broken === null; event += 1) {
      await settle();
      const { nowMs } = this.#time;
      const isEnough = nowMs > FAULTY_MS || event > FAULTY_EVENTS_MAX * events;
      if (this.#isFaulty && (isEnough || this.#isProofNext())) {
        this.#endFaults();
        quietSinceMs = nowMs;
      }
      if (!this.#isFaulty && this.#isDone()) break;
      const isLate = nowMs > quietSinceMs + SETTLE_MS || event > EVENTS_MAX * events;
      if (isLate || !this.#time.advance()) {
        this.#checks.break("every-deployment-ends", this.#whereItStands());
        return;
      }
    }
    if (this.broken === null) this.#checkEnd();
  }

  #endFaults(): void {
    this.#isFaulty = false;
    for (const { machine } of this.#devices) machine.freeDisk();
    this.trace.note(() => "-- faults end; from here on everything has to come right");
  }

  #beginNext(): void {
    const next = this.scenario.deployments[this.server.begun.length];
    if (next !== undefined) this.server.begin(next);
  }

  /** The next deployment is the last one, which waits for quiet, and the present one is over. */
  #isProofNext(): boolean {
    const { begun, current } = this.server;
    return begun.length === this.scenario.deployments.length - 1 && isOver(current.fleet.state);
  }

  /** An operator looks now and then, and does what has to be done. */
  #look(): void {
    this.#time.at(this.#time.nowMs + LOOK_MS, () => this.#look());
    this.server.tend();
    const { fleet, deployment } = this.server.current;
    const isBad = deployment.release.behaviour !== "good";
    const isWilling = !this.#isFaulty || this.#chance.happens(0.2);
    const isStill = fleet.devices.every(({ assignment }) => isEnded(assignment));
    // Resuming lets pass what failed, so nobody resumes a release that is known to be bad.
    const isLost = isBad && failuresOf(fleet.counts) > 0;
    if (fleet.state === "running") {
      if (this.#isFaulty && this.#chance.happens(this.scenario.pauses)) this.#operate("pause");
      else if (isStill && !isBad) this.server.changing(fleet, () => fleetOpenNextStage(fleet));
    } else if (fleet.state === "paused" || fleet.state === "tripped") {
      if (isWilling) this.#operate(isLost ? "abort" : "resume");
    } else if (fleet.counts.open === 0 && !(this.#isFaulty && this.#isProofNext()))
      this.#beginNext();
  }

  #operate(move: "pause" | "resume" | "abort"): void {
    const { fleet } = this.server.current;
    this.server.changing(fleet, () => fleetOperate(fleet, move));
    count(this.tally.faults, `operator: ${move}`);
    this.trace.note(() => `the operator: ${move}; ${whereItStands(fleet)}`);
  }

  #isDone(): boolean {
    const { begun, current } = this.server;
    return (
      begun.length === this.scenario.deployments.length &&
      isOver(current.fleet.state) &&
      this.#devices.every(({ isAtRest }) => isAtRest)
    );
  }

  #checkEnd(): void {
    const proof = this.server.current.fleet;
    if (proof.state !== "finished")
      this.#checks.break("every-deployment-ends", `the last one is ${proof.state}`);
    for (const [index, device] of this.#devices.entries()) {
      this.#checkTries(index, device);
      const running = device.state?.running;
      const runs = running?.artifactName;
      if (runs !== proof.deployment.version)
        device.checks.break("a-device-stays-updatable", `in the end it says ${runs ?? "nothing"}`);
      const ends = new Map<string, number>();
      for (const { id } of this.server.endsOf(index)) ends.set(id, (ends.get(id) ?? 0) + 1);
      if (running !== undefined) device.checks.settled(ends, running);
    }
  }

  #checkTries(index: number, { checks }: SimulatedDevice): void {
    for (const { fleet } of this.server.begun) {
      const { assignment: own } = deviceOf(fleet, index);
      if (own !== null && own.attempts.length !== own.attempt)
        this.#checks.break(
          "every-try-has-one-end",
          `device ${index} had ${own.attempt} tries of ${fleet.deployment.version} and ${own.attempts.length} ends`,
        );
    }
    if (checks.hasForgotten) return;
    for (const { id, outcome, isOwn } of this.server.endsOf(index)) {
      const said = checks.outcomes.get(id) ?? null;
      if (said !== null && said !== outcome && !isOwn)
        this.#checks.break(
          "every-try-has-one-end",
          `device ${index} ended ${id} with ${said}, the server has ${outcome}`,
        );
    }
  }

  #whereItStands(): string {
    const { begun, current } = this.server;
    const busy = this.#devices.flatMap((device, index) =>
      device.isAtRest ? [] : [`${index}: ${device.whereItStands()}`],
    );
    return `deployment ${begun.length} is ${whereItStands(current.fleet)}; ${busy.join("; ")}`;
  }
}

const isEnded = (assignment: AssignmentFacts | null): boolean =>
  assignment === null || assignment.state === "closed";

const isOver = (state: string): boolean => state === "finished" || state === "aborted";
