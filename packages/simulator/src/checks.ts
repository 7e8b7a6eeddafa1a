import type { Slot, StateChange, StateReading } from "@moult/agent-core";
import { updateId, type Update, type UpdateReport, type UpdateState } from "@moult/updater";
import type { Running } from "@moult/model";
import type { LevelTerms } from "./fault-levels.ts";
import type { Broken, Invariant } from "./invariants.ts";
import type { LifeEnd } from "./life.ts";
import { count, type Tally } from "./tally.ts";
import type { Trace } from "./trace.ts";
import type { Truth } from "./truth.ts";

/** How long new software may take to be well and to reach the server. */
export const CONFIRM_TIMEOUT_MS = 120_000;

/** What an attempt has come to, as the world knows it. */
interface AttemptRecord {
  /** What would have run after a restart when it began. */
  readonly before: readonly (number | null)[];
  hasInstalled: boolean;
  outcome: string | null;
  /** By the device; what it does for this attempt from here on it does anew. */
  isForgotten: boolean;
}

type Finished = Extract<UpdateReport, { kind: "finished" }>;

/** Watches a world and says which invariant breaks first. */
export class Checks {
  broken: Broken | null = null;
  /** Nothing that happens from here on says anything. */
  isOver = false;
  /** The device has forgotten what it did: its data partition was lost, or its state could not be read any more. */
  hasForgotten = false;

  readonly #truth: Truth;
  readonly #terms: LevelTerms;
  readonly #tally: Tally;
  readonly #trace: Trace;
  readonly #attempts = new Map<string, AttemptRecord>();
  #state: UpdateState["kind"] = "idle";
  #hasLostData = false;
  #counterMax = 0;
  #trial: { readonly slot: Slot; readonly tries: number; left: number } | null = null;
  /** Whether what runs was started as a trial and has not come to its commit. */
  #isOnTrial = false;
  /** Starts that were counted by writes which a cut may undo. */
  #unsettledStarts = 0;
  /** When what has to be done before a confirm deadline began. */
  #onTrialSinceMs = Number.POSITIVE_INFINITY;
  /** What the present run of the agent has proven. */
  #proven: "nothing" | "healthy" | "reached" | "healthy-again" = "nothing";

  constructor(truth: Truth, terms: LevelTerms, tally: Tally, trace: Trace) {
    this.#truth = truth;
    this.#terms = terms;
    this.#tally = tally;
    this.#trace = trace;
  }

  /** What the checks know that the world does not show. */
  get memory(): string {
    const attempts = [...this.#attempts].map(([id, { outcome, hasInstalled }]) => [
      id,
      outcome,
      hasInstalled,
    ]);
    return JSON.stringify([attempts, this.#trial, this.#unsettledStarts, this.#counterMax]);
  }

  /** By their ids, how the attempts that the device began have ended; null: not yet. */
  get outcomes(): ReadonlyMap<string, string | null> {
    return new Map([...this.#attempts].map(([id, { outcome }]) => [id, outcome]));
  }

  break(invariant: Invariant, detail: string): void {
    if (this.isOver) return;
    this.isOver = true;
    if (this.#terms.promise !== "everything" && !SURVIVAL.has(invariant)) {
      count(this.#tally.faults, `not promised: ${invariant}`);
      return;
    }
    this.#trace.note(() => `BROKEN ${invariant}: ${detail}`);
    this.broken = { invariant, detail };
    count(this.#tally.broken, invariant);
  }

  // The machine.

  environmentRead(isCertain: boolean): void {
    if (!isCertain) this.break("the-environment-parses", "no copy of the environment parses");
  }

  /** `isTrial`: the bootloader meant to try it; a slot that it falls back to is not on trial. */
  systemStarted(slot: Slot, release: number | null, isTrial: boolean): void {
    if (release === null) {
      const how = this.#hasLostData ? "lost-data-bricks-nothing" : "a-whole-system-starts";
      this.break(how, `slot ${slot} holds no whole release and was started`);
    }
    this.#isOnTrial = isTrial;
    if (!isTrial || this.#trial?.slot !== slot) return;
    this.#trial.left -= 1;
    if (this.#trial.left < 0)
      this.break("trials-are-bounded", `slot ${slot} was started once more than it was armed for`);
  }

  neverStarts(detail: string): void {
    this.break(this.#hasLostData ? "lost-data-bricks-nothing" : "a-whole-system-starts", detail);
  }

  /** The older copy holds for this start: it counts none of those since the trial was armed. */
  environmentMisread(): void {
    if (this.#trial !== null) this.#trial.left = this.#trial.tries;
  }

  bootloaderWrote(): void {
    this.#unsettledStarts += 1;
  }

  bootloaderWriteSettled(): void {
    this.#unsettledStarts = 0;
  }

  powerCut(): void {
    if (this.#trial !== null && this.#unsettledStarts > 0) {
      // A bootloader cannot make the disk keep its count: a cut may give back the starts since something was synced. One that
      // leaves the count unreadable gives back all of them: then the copy holds that the agent wrote.
      const { left, tries } = this.#trial;
      this.#trial.left = this.#terms.damage > 0 ? tries : left + this.#unsettledStarts;
    }
    this.#unsettledStarts = 0;
  }

  dataLost(): void {
    this.#hasLostData = true;
    this.#forget();
  }

  lifeEnded(why: LifeEnd, doing: string): void {
    this.#onTrialSinceMs = Number.POSITIVE_INFINITY;
    this.#proven = "nothing";
    if (why !== "power-cut") count(this.#tally.faults, why);
    else {
      count(this.#tally.cutsByState, this.#state);
      count(this.#tally.cutPoints, `${this.#state}: ${doing}`);
    }
  }

  // The agent.

  stateLoaded(reading: StateReading, mayBeDamaged: boolean): void {
    if (reading === "previous-copy-used") count(this.#tally.faults, "previous state used");
    if (reading !== "unreadable") return;
    if (mayBeDamaged) this.#forget();
    else this.break("a-saved-state-can-be-read", "no copy of the saved state could be read");
  }

  /** The state that a run of the agent begins with; the one before may have ended before it could be seen at work. */
  loaded(state: UpdateState): void {
    this.#state = state.kind;
    if (state.kind === "idle") return;
    const { update } = "job" in state ? state.job : state;
    const known = this.#attempts.get(updateId(update));
    if (known === undefined || known.isForgotten) this.#begin(update);
  }

  changed({ before, event, after }: StateChange, nowMs: number): void {
    if (event.kind === "deadline-passed") this.#deadlinePassed(before, nowMs);
    this.#state = after.kind;
    count(this.#tally.states, after.kind);
    // Another trial begins.
    if (after.kind === "verifying") this.#proven = "nothing";
    if (before.kind === "idle" && after.kind === "waiting-to-download") this.#begin(after.update);
    if (after.kind === "installing" && before.kind !== "installing") this.#install(after.job);
  }

  /** The effects of `state` have begun. */
  atWork({ kind }: UpdateState, nowMs: number): void {
    const isTrial = kind === "proving" || kind === "asking-server";
    this.#onTrialSinceMs = isTrial
      ? Math.min(this.#onTrialSinceMs, nowMs)
      : Number.POSITIVE_INFINITY;
  }

  #deadlinePassed({ kind }: UpdateState, nowMs: number): void {
    if (kind !== "proving" && kind !== "asking-server") return;
    const tookMs = nowMs - this.#onTrialSinceMs;
    // A timer may be so much too early.
    if (!(tookMs >= CONFIRM_TIMEOUT_MS - 1))
      this.break("a-trial-has-its-time", `${kind} was given up after ${tookMs} ms`);
  }

  #begin(update: Update): void {
    const id = updateId(update);
    const known = this.#attempts.get(id);
    if (known?.outcome !== undefined && known.outcome !== null && !this.hasForgotten)
      this.break("no-release-is-applied-twice", `${id} had ended with ${known.outcome}`);
    if (known === undefined) this.#tally.updates += 1;
    this.#attempts.set(id, {
      before: this.#truth.chosen(),
      hasInstalled: false,
      outcome: null,
      isForgotten: false,
    });
  }

  #install({ artifact, update }: Extract<UpdateState, { kind: "installing" }>["job"]): void {
    const attempt = this.#attempts.get(updateId(update));
    if (attempt !== undefined) attempt.hasInstalled = true;
    const counter = artifact.vouched?.securityCounter ?? 0;
    if (counter < this.#counterMax)
      this.break(
        "the-security-counter-never-sinks",
        `${artifact.name} has ${counter}, and ${this.#counterMax} was committed`,
      );
  }

  slotWritten(slot: Slot): void {
    const choice = this.#truth.bootChoice();
    if (slot === this.#truth.bootedSlot())
      this.break("the-only-way-back-is-kept", `slot ${slot} is written and runs`);
    else if (slot === choice?.good)
      this.break("the-only-way-back-is-kept", `slot ${slot} is written and is the confirmed one`);
    else if (slot === choice?.trial && choice.triesLeft > 0)
      this.break("the-only-way-back-is-kept", `slot ${slot} is written and armed`);
  }

  armed(slot: Slot, tries: number): void {
    this.#trial = { slot, tries, left: tries };
  }

  disarmed(): void {
    this.#trial = null;
  }

  healthPassed(): void {
    this.#proven = this.#proven === "reached" ? "healthy-again" : "healthy";
  }

  serverReached(): void {
    if (this.#proven === "healthy") this.#proven = "reached";
  }

  /** A commit begins: of whatever payloads the update has. */
  committing(update: Update, release: number): void {
    const needed = update.kind === "standalone" ? null : "healthy-again";
    if (needed !== null && this.#proven !== needed)
      this.break("nothing-unproven-is-confirmed", `release ${release} is ${this.#proven}`);
    this.#isOnTrial = false;
  }

  slotConfirmed(slot: Slot): void {
    this.#trial = null;
    if (slot !== this.#truth.bootedSlot()) return;
    if (this.#truth.runs().includes(null))
      this.break("nothing-unproven-is-confirmed", `slot ${slot} holds no whole release`);
    if (this.#isOnTrial)
      this.break("nothing-unproven-is-confirmed", `slot ${slot} is only on trial`);
  }

  counterRaised(to: number): void {
    this.#counterMax = Math.max(this.#counterMax, to);
  }

  /** A report is about to be made, perhaps again. */
  reported(update: Update, report: UpdateReport, running: Running): void {
    const attempt = this.#attempts.get(updateId(update));
    if (attempt === undefined) return;
    if (report.kind !== "finished" || attempt.outcome !== null) return;
    attempt.outcome = report.outcome;
    count(this.#tally.outcomes, report.outcome);
    this.#trace.note(() => `${updateId(update)} ended: ${report.outcome} ${report.code ?? ""}`);
    this.#checkOutcome(update, report, running, attempt);
  }

  #checkOutcome(update: Update, report: Finished, running: Running, attempt: AttemptRecord): void {
    const runs = this.#truth.runs();
    const chosen = this.#truth.chosen();
    const world = `${text(runs)} runs, ${text(chosen)} is chosen, ${text(attempt.before)} was before, it says ${running.artifactName}`;
    const lie = (): void =>
      this.break("outcomes-are-true", `${updateId(update)} ${report.outcome}: ${world}`);
    if (!this.#isTrueName(running.artifactName, chosen)) lie();
    switch (report.outcome) {
      case "succeeded": {
        const release = this.#truth.releaseNamed(running.artifactName)?.number;
        // A file that a person installed may wait for that person to restart what it is made of.
        const parts = update.kind === "standalone" ? chosen : [...runs, ...chosen];
        if (!parts.every((part) => part === release)) lie();
        return;
      }
      case "rolled-back":
        if (
          !isSame(chosen, attempt.before) ||
          (update.kind === "assignment" && !isSame(runs, chosen))
        )
          lie();
        return;
      case "rejected":
      case "aborted":
        if (attempt.hasInstalled || !isSame(chosen, attempt.before)) lie();
        return;
      case "failed":
        // What was never installed cannot have changed anything.
        if (!attempt.hasInstalled && !isSame(chosen, attempt.before)) lie();
        return;
    }
  }

  /** A name without the mark of inconsistency says that all of it runs. A device that has forgotten knows no better. */
  #isTrueName(name: string, parts: readonly (number | null)[]): boolean {
    const release = this.#truth.releaseNamed(name);
    if (release === undefined || this.hasForgotten) return true;
    return parts.every((part) => part === release.number);
  }

  /** The end: nothing moves any more. */
  settled(outcomes: ReadonlyMap<string, number>, running: Running): void {
    for (const id of this.#attempts.keys()) {
      const heard = outcomes.get(id) ?? 0;
      if (heard !== 1 && !this.hasForgotten)
        this.break("server-and-device-agree", `${id} has ${heard} outcomes at the server`);
    }
    if (!this.#isTrueName(running.artifactName, this.#truth.runs()))
      this.break(
        "outcomes-are-true",
        `in the end ${text(this.#truth.runs())} runs, it says ${running.artifactName}`,
      );
  }

  #forget(): void {
    this.hasForgotten = true;
    for (const attempt of this.#attempts.values()) attempt.isForgotten = true;
  }

  /** The server has a report under this number already. */
  heardAgain(known: string, now: string): void {
    if (known !== now && !this.hasForgotten)
      this.break("reports-keep-their-number", `${known} became ${now}`);
  }
}

/** What holds even on a disk that lies. */
const SURVIVAL: ReadonlySet<Invariant> = new Set<Invariant>([
  "a-whole-system-starts",
  "lost-data-bricks-nothing",
  "the-environment-parses",
]);

const isSame = (left: readonly (number | null)[], right: readonly (number | null)[]): boolean =>
  left.length === right.length && left.every((part, index) => part === right[index]);

const text = (parts: readonly (number | null)[]): string =>
  parts.map((part) => part ?? "garbage").join("+");
