import type { UpdateLoop } from "@moult/agent-core";
import { updateId, type Update, type UpdateState } from "@moult/updater";
import { RELEASED_AT_MS, runAgent, updateOf, type AgentServer, type AgentWorld } from "./agent.ts";
import { chanceOf, type Chance } from "./chance.ts";
import { Checks } from "./checks.ts";
import { drawnFates, type Fates } from "./fates.ts";
import type { Life } from "./life.ts";
import { Machine, type SeenBootPlan } from "./machine.ts";
import { createPerson, fileOf, type Person } from "./person.ts";
import { chancyPower, type Power } from "./power.ts";
import type { Images, Release } from "./release.ts";
import type { Reports } from "./reports.ts";
import type { Scenario } from "./scenario.ts";
import type { Shipped } from "./shipped.ts";
import type { Platform } from "./simulate.ts";
import { createNetwork, type SimulatedNetwork } from "./simulated-network.ts";
import type { Tally } from "./tally.ts";
import type { Trace } from "./trace.ts";
import { createTruth, type Truth } from "./truth.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** The device's first software, which no server ever offered. */
export const FACTORY: Release = {
  number: 0,
  name: "release-0",
  securityCounter: 0,
  behaviour: "good",
  stateVersion: 1,
};

/** What a world gives to each of its devices. */
export interface DeviceDeps {
  readonly platform: Pick<Platform, "sha256">;
  readonly seed: number;
  readonly scenario: Scenario;
  /** By their numbers, the factory's first. */
  readonly releases: readonly Release[];
  readonly shipped: Shipped;
  readonly images: Images;
  readonly time: VirtualTime;
  readonly trace: Trace;
  readonly tally: Tally;
  readonly server: () => AgentServer;
  readonly isFaulty: () => boolean;
  /** When power goes; by chance unless said. */
  readonly power?: Power | undefined;
  /** What a cut leaves; by chance unless said. */
  readonly fates?: (() => Fates) | undefined;
  readonly onBootPlan?: ((seen: SeenBootPlan) => void) | undefined;
  readonly onPowerCut: () => void;
}

/** What is drawn by chance, each by its own draws. */
const PURPOSES = { power: 1, fates: 2, machine: 3, person: 4, network: 5, agent: 6 } as const;

/** A device with everything around it but its server: the machine, the agent that ships, the network, a person. */
export class SimulatedDevice {
  readonly checks: Checks;
  readonly truth: Truth;
  readonly machine: Machine;
  readonly person: Person;
  readonly power: Power;

  readonly #deps: DeviceDeps;
  readonly #network: SimulatedNetwork;
  readonly #agentChance: Chance;
  #running: { readonly loop: UpdateLoop; readonly reports: Reports } | undefined;

  constructor(deps: DeviceDeps) {
    const { scenario, images, trace, tally, time, releases, isFaulty } = deps;
    const { cutRate, cutAgain, payloads, terms, standalone } = scenario;
    this.#deps = deps;
    this.power = deps.power ?? chancyPower(this.#chance("power"), cutRate, cutAgain, isFaulty);
    this.#agentChance = this.#chance("agent");
    this.truth = createTruth(() => this.machine, payloads, releases, images);
    this.checks = new Checks(this.truth, terms, tally, trace);
    this.machine = this.#createMachine();
    this.person = createPerson({
      chance: this.#chance("person"),
      files: releases.filter(({ number }) => standalone.has(number)),
      hasSlots: payloads.includes("slot"),
      isWilling: () => !isFaulty(),
    });
    this.#network = createNetwork({
      terms: scenario.network,
      chance: this.#chance("network"),
      time,
      tally,
      // A clock before the certificate's life makes every connection fail.
      obstacle: () => (this.machine.wallMs < RELEASED_AT_MS ? "the clock is wrong" : undefined),
      isFaulty,
    });
  }

  /** Of the updates; undefined while no agent runs. */
  get state(): UpdateState | undefined {
    return this.#running?.loop.state();
  }

  /** Whether nothing is left to do or to tell. */
  get isAtRest(): boolean {
    const running = this.#running;
    if (running === undefined || this.machine.life?.isOver !== false) return false;
    return (
      this.person.isContent && running.loop.state().kind === "idle" && running.reports.length === 0
    );
  }

  whereItStands(): string {
    const { state } = this;
    const under = state === undefined ? undefined : updateOf(state);
    const busyWith = under === undefined ? "" : ` with ${updateId(under)}`;
    return `the device is ${state?.kind ?? "not running"}${busyWith}`;
  }

  #createMachine(): Machine {
    const { scenario, fates, time, shipped, images, trace, tally, isFaulty, onPowerCut } =
      this.#deps;
    const fateChance = this.#chance("fates");
    return new Machine(
      {
        scenario,
        time,
        power: this.power,
        chance: this.#chance("machine"),
        fates: fates ?? (() => drawnFates(fateChance, scenario.terms)),
        firmware: shipped.firmware,
        images,
        checks: this.checks,
        trace,
        tally,
        isFaulty,
        onBootPlan: this.#deps.onBootPlan,
        onPowerCut,
        startAgent: (life) => this.#startAgent(life),
      },
      RELEASED_AT_MS,
    );
  }

  #startAgent(life: Life): void {
    const { scenario, shipped, images, platform, trace, tally, isFaulty, releases, time } =
      this.#deps;
    this.#running = undefined;
    const world: AgentWorld = {
      scenario,
      machine: this.machine,
      server: this.#deps.server(),
      network: this.#network,
      person: this.person,
      chance: this.#agentChance,
      checks: this.checks,
      shipped,
      images,
      sha256: platform.sha256,
      trace,
      tally,
      isFaulty,
      releaseOf: (update) => this.#releaseOf(update),
      releaseByNumber: (number) => releases[number ?? 0] ?? FACTORY,
      nowMs: () => time.nowMs,
      onRunning: (parts) => {
        this.#running = parts;
      },
    };
    runAgent(world, life).catch((cause: unknown) => {
      trace.note(() => `the agent failed: ${cause instanceof Error ? cause.message : "?"}`);
      life.end("agent-crash");
    });
  }

  #chance(purpose: keyof typeof PURPOSES): Chance {
    return chanceOf(this.#deps.seed, PURPOSES[purpose]);
  }

  #releaseOf(update: Update): Release {
    const found = this.#deps.releases.find((release) =>
      update.kind === "assignment"
        ? release.name === update.artifactName
        : fileOf(release) === update.file,
    );
    if (found === undefined) throw new Error("an update is of a release of this world");
    return found;
  }
}
