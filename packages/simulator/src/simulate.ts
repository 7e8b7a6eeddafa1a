import type { UpdateLoop } from "@moult/agent-core";
import { concatBytes, hex, utf8, type Crypto } from "@moult/base";
import { updateId, type Update } from "@moult/updater";
import { RELEASED_AT_MS, runAgent, updateOf, type AgentWorld } from "./agent.ts";
import { chanceOf, type Chance } from "./chance.ts";
import { Checks } from "./checks.ts";
import { drawnFates, type Fates } from "./fates.ts";
import type { Broken } from "./invariants.ts";
import type { Life } from "./life.ts";
import { Machine } from "./machine.ts";
import { createPerson, fileOf, type Person } from "./person.ts";
import { chancyPower, type Power } from "./power.ts";
import { createImages, IMAGE_BYTES, type Images, type Release } from "./release.ts";
import type { Reports } from "./reports.ts";
import type { Scenario } from "./scenario.ts";
import { SHIPPED, type Shipped } from "./shipped.ts";
import { createNetwork, type SimulatedNetwork } from "./simulated-network.ts";
import { SimulatedServer } from "./simulated-server.ts";
import { emptyTally, type Tally } from "./tally.ts";
import { createTrace, noTrace, type Trace } from "./trace.ts";
import { createTruth } from "./truth.ts";
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

/** The device's first software, which no server ever offered. */
const FACTORY: Release = {
  number: 0,
  name: "release-0",
  securityCounter: 0,
  behaviour: "good",
  stateVersion: 1,
};

/** What is drawn by chance, each by its own draws. */
const PURPOSES = { power: 1, fates: 2, machine: 3, person: 4, network: 5, agent: 6 } as const;

class World {
  readonly checks: Checks;
  readonly tally = emptyTally();
  moments = 0;

  readonly #options: SimulateOptions;
  readonly #images: Images;
  readonly #shipped: Shipped;
  readonly #time = createVirtualTime();
  readonly #trace: Trace;
  readonly #power: Power;
  readonly #machine: Machine;
  readonly #server: SimulatedServer;
  readonly #person: Person;
  readonly #network: SimulatedNetwork;
  readonly #agentChance: Chance;
  readonly #releases: readonly Release[];
  readonly #proof: Release;
  #isFaulty = true;
  #running: { readonly loop: UpdateLoop; readonly reports: Reports } | undefined;

  constructor(options: SimulateOptions) {
    const { scenario, isTraced = false, platform } = options;
    const { cutRate, cutAgain, releases, payloads, terms } = scenario;
    this.#options = options;
    this.#images = options.images ?? createImages(platform.sha256);
    this.#shipped = options.shipped ?? SHIPPED;
    this.#trace = isTraced ? createTrace(() => this.#time.nowMs) : noTrace;
    this.#power =
      options.power ?? chancyPower(this.#chance("power"), cutRate, cutAgain, () => this.#isFaulty);
    this.#proof = proofOf(scenario);
    this.#releases = [FACTORY, ...releases, this.#proof];
    this.#agentChance = this.#chance("agent");
    const truth = createTruth(() => this.#machine, payloads, this.#releases, this.#images);
    this.checks = new Checks(truth, terms, this.tally, this.#trace);
    this.#machine = this.#createMachine();
    this.#server = this.#createServer();
    this.#person = createPerson({
      chance: this.#chance("person"),
      files: releases.filter((release) => this.#isStandalone(release)),
      hasSlots: payloads.includes("slot"),
      isWilling: () => !this.#isFaulty,
    });
    this.#network = createNetwork({
      terms: scenario.network,
      chance: this.#chance("network"),
      time: this.#time,
      tally: this.tally,
      // A clock before the certificate's life makes every connection fail.
      obstacle: () => (this.#machine.wallMs < RELEASED_AT_MS ? "the clock is wrong" : undefined),
      isFaulty: () => this.#isFaulty,
    });
  }

  get lines(): readonly string[] {
    return this.#trace.lines;
  }

  async run(): Promise<void> {
    const { settle } = this.#options.platform;
    this.tally.seeds = 1;
    this.#machine.powerOn();
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
    this.#machine.freeDisk();
    this.moments = this.#power.moments;
    this.#trace.note(() => "-- faults end; from here on everything has to come right");
  }

  #createMachine(): Machine {
    const { scenario, fates } = this.#options;
    const fateChance = this.#chance("fates");
    return new Machine(
      {
        scenario,
        time: this.#time,
        power: this.#power,
        chance: this.#chance("machine"),
        fates: fates ?? (() => drawnFates(fateChance, scenario.terms)),
        firmware: this.#shipped.firmware,
        images: this.#images,
        checks: this.checks,
        trace: this.#trace,
        tally: this.tally,
        isFaulty: () => this.#isFaulty,
        onPowerCut: () => this.#look(),
        startAgent: (life) => this.#startAgent(life),
      },
      RELEASED_AT_MS,
    );
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

  #startAgent(life: Life): void {
    this.#running = undefined;
    const world: AgentWorld = {
      scenario: this.#options.scenario,
      machine: this.#machine,
      server: this.#server,
      network: this.#network,
      person: this.#person,
      chance: this.#agentChance,
      checks: this.checks,
      shipped: this.#shipped,
      images: this.#images,
      sha256: this.#options.platform.sha256,
      trace: this.#trace,
      tally: this.tally,
      isFaulty: () => this.#isFaulty,
      releaseOf: (update) => this.#releaseOf(update),
      releaseByNumber: (number) => this.#releases[number ?? 0] ?? FACTORY,
      nowMs: () => this.#time.nowMs,
      onRunning: (parts) => {
        this.#running = parts;
      },
    };
    runAgent(world, life).catch((cause: unknown) => {
      this.#trace.note(() => `the agent failed: ${cause instanceof Error ? cause.message : "?"}`);
      life.end("agent-crash");
    });
  }

  #chance(purpose: keyof typeof PURPOSES): Chance {
    return chanceOf(this.#options.seed, PURPOSES[purpose]);
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
    const left = concatBytes([...this.#machine.contents(), known]);
    if (!isNews(hex(platform.sha256(left)))) this.checks.isOver = true;
  }

  /** Whether all that was wanted is over; while faults go on, all but the last proof. */
  #isDone(): boolean {
    const running = this.#running;
    if (running === undefined || this.#machine.life?.isOver !== false) return false;
    const { open } = this.#server;
    const isServed = open === undefined || (this.#isFaulty && open.isProof);
    return (
      isServed &&
      this.#person.isContent &&
      running.loop.state().kind === "idle" &&
      running.reports.length === 0
    );
  }

  #checkEnd(): void {
    const outcomes = new Map(this.#person.outcomes);
    for (const { number, reports } of this.#server.assignments)
      for (const [attempt, ofAttempt] of reports)
        outcomes.set(
          `${this.#server.idOf(number)}.${attempt}`,
          [...ofAttempt.values()].filter(({ kind }) => kind === "finished").length,
        );
    const running = this.#running?.loop.state().running;
    if (running !== undefined) this.checks.settled(outcomes, running);
    if (running?.artifactName !== this.#proof.name)
      this.checks.break(
        "a-device-stays-updatable",
        `in the end it says ${running?.artifactName ?? "nothing"}`,
      );
  }

  #releaseOf(update: Update): Release {
    const found = this.#releases.find((release) =>
      update.kind === "assignment"
        ? release.name === update.artifactName
        : fileOf(release) === update.file,
    );
    if (found === undefined) throw new Error("an update is of a release of this world");
    return found;
  }

  #whereItStands(): string {
    const state = this.#running?.loop.state();
    const under = state === undefined ? undefined : updateOf(state);
    const busyWith = under === undefined ? "" : ` with ${updateId(under)}`;
    const { open } = this.#server;
    const waits =
      open === undefined ? "" : `, the server waits for ${open.release.name}, try ${open.attempt}`;
    return `the device is ${state?.kind ?? "not running"}${busyWith}${waits}`;
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
