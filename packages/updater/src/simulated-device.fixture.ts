import { seededRandom, type Random } from "@moult/base";
import type { Effect, UpdateReport } from "./effect.ts";
import { effects } from "./effects.ts";
import { failure, scenarioOf, type Scenario } from "./scenario.fixture.ts";
import { next } from "./next.ts";
import { readSavedState, saveableState } from "./saved-state.ts";
import type { UpdateEvent, UpdateFacts } from "./update-event.ts";
import { anUpdate } from "./update-state.fixture.ts";
import {
  initialState,
  type Job,
  type OpenedArtifact,
  type Update,
  type UpdateState,
} from "./update-state.ts";

/** What is simulated; tests put a brain with a planted bug in its place. */
export interface Brain {
  readonly next: typeof next;
  readonly effects: typeof effects;
}

export const BRAIN: Brain = { next, effects };

interface Broken {
  readonly invariant: string;
  readonly detail: string;
  readonly trace: readonly string[];
}

export interface Run {
  readonly broken: Broken | null;
  readonly saves: number;
  readonly outcomes: readonly string[];
}

interface RunningEffect {
  readonly effect: Effect;
  isDone: boolean;
}

const FAULTY_STEPS = 150;
const STEPS_TO_SETTLE = 1_500;

/** One device and its server: real brain, simulated everything else. */
class SimulatedDevice {
  readonly trace: string[] = [];
  readonly outcomes: string[] = [];
  saves = 0;

  readonly #scenario: Scenario;
  readonly #brain: Brain;
  readonly #random: Random;
  #faulty = true;

  // What outlives power.
  #disk: string;
  #active = "old";
  #boot = "old";
  #committed = "old";
  #previous = "old";
  readonly #reports = new Map<string, Map<number, UpdateReport>>();

  // What does not.
  #state: UpdateState;
  #effects = new Map<string, RunningEffect>();
  #monotonicMs = 0;
  #boots = 1;

  // What only the checker knows.
  #touched = false;
  #installing = false;
  readonly #begun = new Set<string>();
  #provenBy: string | null = null;
  #broken: Broken | null = null;
  #attempt = 1;
  #acknowledged = 0;

  constructor(seed: number, scenario: Scenario, brain: Brain) {
    this.#scenario = scenario;
    this.#brain = brain;
    this.#random = seededRandom(seed);
    this.#state = initialState({ artifactName: "old", provides: {} });
    this.#disk = JSON.stringify(saveableState(this.#state));
  }

  run(): Run {
    this.#start();
    for (let step = 0; step < FAULTY_STEPS && this.#broken === null; step += 1) this.#step();
    this.#faulty = false;
    for (let step = 0; step < STEPS_TO_SETTLE && this.#broken === null; step += 1) {
      if (this.#isSettled()) break;
      this.#step();
    }
    if (this.#broken === null && !this.#isSettled())
      this.#break("every run settles", `in ${this.#state.kind}`);
    if (this.#broken === null) this.#checkEnd();
    return { broken: this.#broken, saves: this.saves, outcomes: this.outcomes };
  }

  #step(): void {
    this.#monotonicMs += Math.floor(this.#random.fraction() * 5_000);
    this.#serve();
    const pending = [...this.#effects.values()].filter(({ isDone }) => !isDone);
    const chosen = pending[Math.floor(this.#random.fraction() * pending.length)];
    if (chosen !== undefined) this.#perform(chosen);
    if (this.#happens(this.#scenario.cut)) this.#cut("idle moment");
  }

  /** The server repeats an offer until it has the report of its end; then it tries again until it worked. */
  #serve(): void {
    if (this.#faulty && this.#happens(this.#scenario.serverDown)) return;
    const finished = this.#finished();
    if (finished?.kind === "finished" && this.#random.fraction() < 0.5) {
      this.#acknowledged = this.#attempt;
      if (finished.outcome !== "succeeded" && this.#attempt < this.#scenario.attemptsMax)
        this.#attempt += 1;
    }
    this.#deliver({
      kind: "offered",
      update: { ...anUpdate(this.#attempt), artifactName: this.#artifactName() },
    });
    if (this.#faulty && this.#happens(this.#scenario.withdraw))
      this.#deliver({ kind: "withdrawn" });
  }

  #finished(): UpdateReport | undefined {
    const reports = this.#reports.get(this.#artifactName());
    return [...(reports?.values() ?? [])].find(({ kind }) => kind === "finished");
  }

  #artifactName(): string {
    return `new-${this.#attempt}`;
  }

  #deliver(event: UpdateEvent): void {
    if (this.#broken !== null) return;
    const before = this.#state;
    const after = this.#brain.next(before, event, this.#facts());
    if (after === before) return;
    this.trace.push(`${before.kind} + ${event.kind} -> ${after.kind}`);
    if (before.kind === "idle") this.#begin();
    if (after.kind === "installing") this.#installing = true;
    this.#save(after);
    this.#state = after;
    if (this.#cutsAfterSave()) this.#cut("after the save");
    else this.#run(this.#brain.effects(after));
  }

  #facts(): UpdateFacts {
    return {
      monotonicMs: this.#monotonicMs,
      bootId: `boot-${this.#boots}`,
      confirmTimeoutMs: 60_000,
      holdMsMax: 20_000,
    };
  }

  #save(state: UpdateState): void {
    this.#disk = JSON.stringify(saveableState(state));
    this.saves += 1;
  }

  #cutsAfterSave(): boolean {
    return this.#scenario.cutAfterSaves.has(this.saves) || this.#happens(this.#scenario.cut / 2);
  }

  /** What stays wanted goes on, once; what the new state no longer wants is cancelled. */
  #run(wanted: readonly Effect[]): void {
    const effects = new Map<string, RunningEffect>();
    for (const effect of wanted) {
      const key = JSON.stringify(effect);
      effects.set(key, this.#effects.get(key) ?? { effect, isDone: false });
    }
    this.#effects = effects;
  }

  #cut(when: string): void {
    const isAgentOnly = this.#random.fraction() < this.#scenario.agentOnly;
    this.trace.push(
      `${isAgentOnly ? "agent ends" : "power is lost"} in ${this.#state.kind}, ${when}`,
    );
    if (!isAgentOnly) this.#bootMachine();
    this.#start();
  }

  #bootMachine(): void {
    this.#boots += 1;
    if (this.#scenario.reboot === "none") return;
    if (this.#boot !== this.#committed && this.#happens(this.#scenario.fallback))
      this.#boot = this.#committed;
    this.#active = this.#boot;
  }

  #start(): void {
    this.#effects = new Map();
    this.#monotonicMs = 0;
    this.#provenBy = null;
    const reading = readSavedState(JSON.parse(this.#disk));
    if (reading.kind === "unreadable") {
      this.#break("every saved state can be read", reading.reason);
      return;
    }
    this.#state = reading.state;
    const before = this.#state;
    const after = this.#brain.next(before, { kind: "started" }, this.#facts());
    if (after !== before) {
      this.trace.push(`${before.kind} + started -> ${after.kind}`);
      this.#save(after);
      this.#state = after;
    }
    this.#run(this.#brain.effects(after));
  }

  #begin(): void {
    this.#begun.add(this.#artifactName());
    this.#touched = false;
    this.#installing = false;
    this.#provenBy = null;
    this.#previous = this.#active;
    this.#boot = this.#active;
    this.#committed = this.#active;
  }

  #perform(running: RunningEffect): void {
    const { effect } = running;
    if (effect.kind === "await-deadline" && this.#monotonicMs < effect.atMs) return;
    if (effect.kind === "reach-server" && this.#faulty && this.#happens(this.#scenario.serverDown))
      return;
    if (effect.kind === "download" && this.#random.fraction() < 0.5) {
      this.#deliver({ kind: "download-progressed", percent: this.#random.fraction() * 100 });
      return;
    }
    if (effect.kind === "await-readiness" && this.#happens(this.#scenario.held)) {
      const code = this.#random.fraction() < 0.5 ? "busy" : "driving";
      this.#deliver({ kind: "readiness", before: effect.before, holds: [{ code, detail: code }] });
      return;
    }
    running.isDone = true;
    if (effect.kind !== "report" && this.#happens(this.#scenario.failures[effect.kind] ?? 0)) {
      this.#deliver(failure(effect));
      return;
    }
    const event = this.#act(effect);
    if (this.#happens(this.#scenario.cut)) this.#cut(`${effect.kind} was done`);
    else if (event !== null) this.#deliver(event);
  }

  /** Changes the world as the effect would and says how it ended. */
  #act(effect: Effect): UpdateEvent | null {
    switch (effect.kind) {
      case "report":
        return this.#report(effect.update, effect.report);
      case "download":
        return { kind: "downloaded", artifact: opened(effect.update) };
      case "await-readiness":
        return { kind: "readiness", before: effect.before, holds: [] };
      case "unpack":
        return { kind: "unpacked", supportsRollback: this.#scenario.supportsRollback };
      case "install":
        this.#touched = true;
        this.#boot = nameOf(effect.job);
        return { kind: "installed", reboots: [this.#scenario.reboot] };
      case "activate":
        this.#active = nameOf(effect.job);
        return { kind: "activated" };
      case "reboot":
        return this.#reboot({ kind: "activated" });
      case "verify-activation":
        return this.#active === nameOf(effect.job) ? { kind: "verified" } : failure(effect);
      case "check-health":
        if (this.#state.kind === "proving" && this.#state.stage === "health-again")
          this.#provenBy = this.#provenBy === "server" ? "health" : null;
        return { kind: "health-passed" };
      case "reach-server":
        this.#provenBy = "server";
        return { kind: "server-reached" };
      case "await-deadline":
        return { kind: "deadline-passed" };
      case "commit":
        return this.#commit(effect.job);
      case "leave-commit":
        return { kind: "commit-left" };
      case "roll-back":
        this.#boot = this.#previous;
        this.#committed = this.#previous;
        if (this.#scenario.reboot === "none") this.#active = this.#previous;
        return { kind: "rolled-back", reboots: [this.#scenario.reboot] };
      case "reboot-rollback":
        return this.#reboot({ kind: "rollback-rebooted" });
      case "verify-rollback":
        return this.#active === this.#previous ? { kind: "rollback-verified" } : failure(effect);
      case "handle-failure":
        return { kind: "failure-handled" };
      case "clean-up":
        return { kind: "cleaned-up" };
    }
  }

  /** A reboot ends the agent, unless an update module "reboots" something smaller. */
  #reboot(event: UpdateEvent): UpdateEvent | null {
    if (this.#scenario.reboot === "installer" && this.#random.fraction() < 0.5) {
      this.#active = this.#boot;
      return event;
    }
    this.trace.push("the machine reboots");
    this.#bootMachine();
    this.#start();
    return null;
  }

  #commit(job: Job): UpdateEvent {
    if (this.#provenBy !== "health")
      this.#break("nothing is committed without health, the server and health again", nameOf(job));
    if (this.#active !== nameOf(job))
      this.#break("only what runs is committed", `${this.#active} runs`);
    this.#committed = nameOf(job);
    return { kind: "committed" };
  }

  #report(update: Update, report: UpdateReport): UpdateEvent {
    const name = update.kind === "assignment" ? update.artifactName : "usb";
    const reports = this.#reports.get(name) ?? new Map<number, UpdateReport>();
    this.#reports.set(name, reports);
    const known = reports.get(report.sequence);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(report))
      this.#break(
        "a report keeps its number",
        `${JSON.stringify(known)} ${JSON.stringify(report)}`,
      );
    if (known === undefined) {
      if (report.kind === "finished") this.#checkFinished(name, report);
      reports.set(report.sequence, report);
    }
    return { kind: "reported", sequence: report.sequence };
  }

  #checkFinished(name: string, report: Extract<UpdateReport, { kind: "finished" }>): void {
    this.outcomes.push(report.outcome);
    this.trace.push(`${name} finished: ${report.outcome} ${report.code ?? ""}`);
    const { artifactName } = this.#state.running;
    const world = `${this.#active} runs, ${this.#committed} is committed, it says ${artifactName}`;
    switch (report.outcome) {
      case "succeeded":
        if (this.#active !== name || this.#committed !== name || artifactName !== name)
          this.#break("success means that this artifact is the committed one", world);
        return;
      case "rolled-back":
        if (this.#active !== this.#previous || this.#committed !== this.#previous)
          this.#break("rolled back means that the old software runs", world);
        if (artifactName === name || artifactName === `${name}_INCONSISTENT`)
          this.#break("a rollback leaves the name of what runs", world);
        return;
      case "rejected":
      case "aborted":
        if (this.#touched) this.#break("a refused or aborted update installed nothing", world);
        return;
      case "failed":
        // The agent cannot know how far an interrupted installation got, so having begun one counts.
        if (this.#installing !== (artifactName === `${name}_INCONSISTENT`))
          this.#break("inconsistent is said exactly when a rollback was lost", world);
    }
  }

  #isSettled(): boolean {
    if (this.#state.kind !== "idle") return false;
    const isForgotten = this.#state.lastAssignment?.attempt === this.#attempt;
    return this.#acknowledged === this.#attempt || (isForgotten && this.#finished() === undefined);
  }

  #checkEnd(): void {
    for (const name of this.#begun) {
      const reports = this.#reports.get(name) ?? new Map<number, UpdateReport>();
      const finished = [...reports.values()].filter(({ kind }) => kind === "finished");
      if (finished.length !== 1)
        this.#break("every attempt gets exactly one outcome", `${name}: ${finished.length}`);
    }
  }

  #happens(chance: number): boolean {
    return this.#faulty && chance > 0 && this.#random.fraction() < chance;
  }

  #break(invariant: string, detail: string): void {
    this.#broken ??= { invariant, detail, trace: this.trace };
  }
}

function opened(update: Update): OpenedArtifact {
  const name = update.kind === "assignment" ? update.artifactName : "usb";
  return {
    name,
    payloadTypes: ["app"],
    runningAfter: { artifactName: name, provides: {} },
    vouched: null,
  };
}

function nameOf(job: Job): string {
  return job.artifact.name;
}

export function simulate(seed: number, brain: Brain = BRAIN, scenario = scenarioOf(seed)): Run {
  return new SimulatedDevice(seed, scenario, brain).run();
}
