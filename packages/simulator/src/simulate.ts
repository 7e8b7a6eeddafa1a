import { concatBytes, hex, utf8, type Crypto } from "@moult/base";
import type { Checks } from "./checks.ts";
import type { Fates } from "./fates.ts";
import type { Broken } from "./invariants.ts";
import type { SeenBootPlan } from "./machine.ts";
import type { Power } from "./power.ts";
import { createImages, IMAGE_BYTES, type Images, type Release } from "./release.ts";
import type { Scenario } from "./scenario.ts";
import { SHIPPED, type Shipped } from "./shipped.ts";
import { FACTORY, SimulatedDevice } from "./simulated-device.ts";
import { SimulatedServer } from "./simulated-server.ts";
import { emptyTally, type Tally } from "./tally.ts";
import { createTrace, noTrace, type Trace } from "./trace.ts";
import { createVirtualTime } from "./virtual-time.ts";

/** What a world needs of the platform it is run on. */
export interface Platform {
  readonly sha256: Crypto["sha256"];
  /** Resolves when all code that could go on has gone on, and everything left waits for the world. */
  readonly settle: () => Promise<void>;
}

export interface SimulateOptions {
  readonly platform: Platform;
  readonly seed: number;
  readonly scenario: Scenario;
  readonly shipped?: Shipped;
  /** When power goes; by chance unless said. */
  readonly power?: Power;
  /** What a cut leaves; by chance unless said. */
  readonly fates?: () => Fates;
  /** Told of each choice that the bootloader makes. */
  readonly onBootPlan?: (seen: SeenBootPlan) => void;
  readonly isTraced?: boolean;
  readonly images?: Images;
  /**
   * Told what is left after each cut, all of it in one digest; when it answers false the run ends there, because what
   * follows from that was seen already.
   */
  readonly isNews?: (digest: string) => boolean;
}

export interface Simulation {
  readonly broken: Broken | null;
  readonly tally: Tally;
  readonly trace: readonly string[];
  /** Moments at which power could have gone while there were faults. */
  readonly moments: number;
}

/** Faults for this long at most; after it, quiet. */
const FAULTY_MS = 2 * 3_600_000;
const FAULTY_EVENTS_MAX = 3_000;
/** By then a quiet world has to have come to rest. */
const SETTLE_MS = 12 * 3_600_000;
/** Things that may happen in all, against worlds that go in circles in no time. */
const EVENTS_MAX = 40_000;

/** Runs one world: faults first, then quiet, in which everything has to come right. */
export async function simulate(options: SimulateOptions): Promise<Simulation> {
  const world = new World(options);
  await world.run();
  return {
    broken: world.checks.broken,
    tally: world.tally,
    trace: world.lines,
    moments: world.moments,
  };
}

class World {
  readonly device: SimulatedDevice;
  readonly tally = emptyTally();
  moments = 0;

  readonly #options: SimulateOptions;
  readonly #images: Images;
  readonly #time = createVirtualTime();
  readonly #trace: Trace;
  readonly #server: SimulatedServer;
  readonly #proof: Release;
  #isFaulty = true;

  constructor(options: SimulateOptions) {
    const { scenario, isTraced = false, platform, seed, power, fates } = options;
    this.#options = options;
    this.#images = options.images ?? createImages(platform.sha256);
    this.#trace = isTraced ? createTrace(() => this.#time.nowMs) : noTrace;
    this.#proof = proofOf(scenario);
    this.device = new SimulatedDevice({
      platform,
      seed,
      scenario,
      releases: [FACTORY, ...scenario.releases, this.#proof],
      shipped: options.shipped ?? SHIPPED,
      images: this.#images,
      time: this.#time,
      trace: this.#trace,
      tally: this.tally,
      server: () => this.#server,
      isFaulty: () => this.#isFaulty,
      power,
      fates,
      onBootPlan: options.onBootPlan,
      onPowerCut: () => this.#look(),
    });
    this.#server = this.#createServer();
  }

  get checks(): Checks {
    return this.device.checks;
  }

  get lines(): readonly string[] {
    return this.#trace.lines;
  }

  async run(): Promise<void> {
    const { settle } = this.#options.platform;
    this.tally.seeds = 1;
    this.device.machine.powerOn();
    let quietSinceMs = Number.POSITIVE_INFINITY;
    for (let event = 0; !this.checks.isOver; event += 1) {
      await settle();
      const { nowMs } = this.#time;
      const isEnough = nowMs > FAULTY_MS || event > FAULTY_EVENTS_MAX;
      if (this.#isFaulty && (isEnough || this.#isDone())) {
        this.#endFaults();
        quietSinceMs = nowMs;
      }
      if (!this.#isFaulty && this.#isDone()) break;
      const isLate = nowMs > quietSinceMs + SETTLE_MS || event > EVENTS_MAX;
      if (isLate || !this.#time.advance()) {
        this.checks.break("every-run-settles", this.#whereItStands());
        return;
      }
    }
    if (!this.checks.isOver) this.#checkEnd();
  }

  #endFaults(): void {
    this.#isFaulty = false;
    this.device.machine.freeDisk();
    this.moments = this.device.power.moments;
    this.#trace.note(() => "-- faults end; from here on everything has to come right");
  }

  #createServer(): SimulatedServer {
    const { releases, attemptsMax } = this.#options.scenario;
    return new SimulatedServer({
      releases: [...releases.filter((release) => !this.#isStandalone(release)), this.#proof],
      attemptsMax,
      digestOf: ({ number }) => this.#images.digestOf(number),
      sizeBytes: IMAGE_BYTES,
      onHeardAgain: (known, now) => this.checks.heardAgain(known, now),
      isHeldBack: (release) => release === this.#proof && this.#isFaulty,
    });
  }

  #isStandalone({ number }: Release): boolean {
    return this.#options.scenario.standalone.has(number);
  }

  /** Tells whoever explores what is left after a cut. */
  #look(): void {
    const { isNews, platform } = this.#options;
    if (isNews === undefined) return;
    const heard = this.#server.assignments.map(({ attempt, sequence, isClosed }) => [
      attempt,
      sequence,
      isClosed,
    ]);
    const known = utf8(JSON.stringify(heard) + this.checks.memory);
    const left = concatBytes([...this.device.machine.contents(), known]);
    if (!isNews(hex(platform.sha256(left)))) this.checks.isOver = true;
  }

  /** Whether all that was wanted is over; while faults go on, all but the last proof. */
  #isDone(): boolean {
    const { open } = this.#server;
    const isServed = open === undefined || (this.#isFaulty && open.isProof);
    return isServed && this.device.isAtRest;
  }

  #checkEnd(): void {
    const outcomes = new Map(this.device.person.outcomes);
    for (const { number, reports } of this.#server.assignments)
      for (const [attempt, ofAttempt] of reports)
        outcomes.set(
          `${this.#server.idOf(number)}.${attempt}`,
          [...ofAttempt.values()].filter(({ kind }) => kind === "finished").length,
        );
    const running = this.device.state?.running;
    if (running !== undefined) this.checks.settled(outcomes, running);
    if (running?.artifactName !== this.#proof.name)
      this.checks.break(
        "a-device-stays-updatable",
        `in the end it says ${running?.artifactName ?? "nothing"}`,
      );
  }

  #whereItStands(): string {
    const { open } = this.#server;
    const waits =
      open === undefined ? "" : `, the server waits for ${open.release.name}, try ${open.attempt}`;
    return `${this.device.whereItStands()}${waits}`;
  }
}

/** A good release that is offered when all is quiet: a device that cannot take it was lost, however well it runs. */
function proofOf({ releases }: Scenario): Release {
  return {
    number: releases.length + 1,
    name: `release-${releases.length + 1}`,
    securityCounter: Math.max(...releases.map(({ securityCounter }) => securityCounter)),
    behaviour: "good",
    stateVersion: Math.max(...releases.map(({ stateVersion }) => stateVersion)),
  };
}
