import { AssignmentId, DeploymentId, Sha256, type Running } from "@moult/model";
import type { AssignmentUpdate, UpdateReport } from "@moult/updater";
import type { Release } from "./release.ts";

/** One device's deployments as a server keeps them: one after the other, each with its tries. */
export interface Assignment {
  readonly number: number;
  readonly release: Release;
  /** The last one, which has to succeed. */
  readonly isProof: boolean;
  attempt: number;
  /** Of the newest report of the present attempt. */
  sequence: number;
  isClosed: boolean;
  isWithdrawn: boolean;
  readonly reports: Map<number, Map<number, ServerReport>>;
}

export type ServerReport = UpdateReport & { readonly running?: Running };

export interface CheckIn {
  readonly nonce: number;
  /** The generation of the newest answer that the device took. */
  readonly generation: number;
  /** The name of what it says it runs. */
  readonly runs: string;
  readonly isIdle: boolean;
}

/** A signed answer: to this question, and to no later one. */
export interface Answer {
  readonly nonce: number;
  readonly generation: number;
  /** Null: nothing is to be done. */
  readonly update: AssignmentUpdate | null;
}

export type ReportReply = "recorded" | "assignment-closed" | "not-found";

export interface ServerTerms {
  readonly releases: readonly Release[];
  readonly attemptsMax: number;
  readonly digestOf: (release: Release) => string;
  readonly sizeBytes: number;
  readonly onHeardAgain: (known: string, now: string) => void;
  /** Whether a release is not to be offered yet. */
  readonly isHeldBack: (release: Release) => boolean;
}

/** The server's side of one device: what it offers, and what it has heard. */
export class SimulatedServer {
  readonly assignments: Assignment[];
  readonly #terms: ServerTerms;
  #generation = 0;
  #said = "";
  #last: AssignmentUpdate | undefined;

  constructor(terms: ServerTerms) {
    this.#terms = terms;
    this.assignments = terms.releases.map((release, index) => ({
      number: index + 1,
      release,
      isProof: index === terms.releases.length - 1,
      attempt: 1,
      sequence: 0,
      isClosed: false,
      isWithdrawn: false,
      reports: new Map(),
    }));
  }

  /** The assignment that the device is to work on. */
  get open(): Assignment | undefined {
    return this.assignments.find(({ isClosed }) => !isClosed);
  }

  checkIn({ nonce, generation }: Pick<CheckIn, "nonce" | "generation">): Answer {
    const { open } = this;
    const isOffered =
      open !== undefined && !open.isWithdrawn && !this.#terms.isHeldBack(open.release);
    const update = isOffered ? this.#updateOf(open) : null;
    const says = update === null ? "" : `${update.assignmentId}.${update.attempt}`;
    // A new answer, or a device that knows a later one than this server: its database is older than the device.
    if (says !== this.#said || generation > this.#generation || this.#generation === 0)
      this.#generation = Math.max(this.#generation, generation) + 1;
    this.#said = says;
    return { nonce, generation: this.#generation, update };
  }

  /** Until the device is past the point where it obeys. */
  withdraw(isOn: boolean): void {
    const { open } = this;
    if (open !== undefined) open.isWithdrawn = isOn;
  }

  report(assignmentId: string, attempt: number, reports: readonly ServerReport[]): ReportReply {
    const assignment = this.assignments.find(({ number }) => idOf(number) === assignmentId);
    if (assignment === undefined || attempt > assignment.attempt) return "not-found";
    if (attempt < assignment.attempt) return "assignment-closed";
    for (const report of reports.toSorted((left, right) => left.sequence - right.sequence)) {
      const known = assignment.reports.get(attempt)?.get(report.sequence);
      if (known !== undefined)
        this.#terms.onHeardAgain(JSON.stringify(known), JSON.stringify(report));
      if (report.sequence <= assignment.sequence) continue;
      if (assignment.attempt !== attempt || assignment.isClosed) return "assignment-closed";
      this.#record(assignment, report);
    }
    return "recorded";
  }

  #updateOf({ number, attempt, release }: Assignment): AssignmentUpdate {
    const id = idOf(number);
    if (this.#last?.assignmentId === id && this.#last.attempt === attempt) return this.#last;
    this.#last = {
      kind: "assignment",
      assignmentId: AssignmentId.parse(id),
      deploymentId: DEPLOYMENT,
      attempt,
      artifactName: release.name,
      path: `device/${release.name}.mender`,
      sizeBytes: this.#terms.sizeBytes,
      sha256: Sha256.parse(this.#terms.digestOf(release)),
      instruction: { generation: Math.max(1, this.#generation), sha256: DIGEST, keySha256: DIGEST },
    };
    return this.#last;
  }

  idOf(number: number): string {
    return idOf(number);
  }

  #record(assignment: Assignment, report: ServerReport): void {
    const { attempt } = assignment;
    const ofAttempt = assignment.reports.get(attempt) ?? new Map<number, ServerReport>();
    assignment.reports.set(attempt, ofAttempt);
    ofAttempt.set(report.sequence, report);
    assignment.sequence = report.sequence;
    if (report.kind !== "finished") return;
    const isFinal = report.outcome === "succeeded" || report.outcome === "rejected";
    if (isFinal || attempt >= this.#terms.attemptsMax) assignment.isClosed = true;
    else {
      assignment.attempt += 1;
      assignment.sequence = 0;
    }
    assignment.isWithdrawn = false;
  }
}

const DEPLOYMENT = DeploymentId.parse("a3f0a9be-1a7c-4e0b-8b40-0d8a0f3f0b22");
const DIGEST = Sha256.parse("cd".repeat(32));

const idOf = (number: number): string =>
  `3f2b0c8e-7a51-4a53-9d0e-${number.toString(16).padStart(12, "0")}`;
