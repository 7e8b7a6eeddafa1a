import type { StateReading, Ticker } from "@moult/agent-core";
import type { Clock, Log } from "@moult/base";
import type { HardwareType, Running } from "@moult/model";
import type { HoldPoint } from "@moult/model";
import type {
  AssignmentUpdate,
  HoldPolicy,
  OpenedArtifact,
  UpdateOutcome,
  UpdateReport,
  UpdateState,
  Verdict,
} from "@moult/updater";
import type { AgentPaths } from "../agent-paths.ts";
import type { ServerMove } from "../installers/server-move.ts";
import type { Installer } from "../installers/installer.ts";
import type { RootfsImages } from "../installers/rootfs-image.ts";
import type { SelfUpdate } from "../self-update/self-update.ts";
import type { Admission } from "../trust/admission.ts";

/** Restarts the machine. Resolves when the restart was asked for; the agent then waits to be ended. */
export interface Reboot {
  reboot(): Promise<void>;
}

/** What the runner asks of the agent's server side. */
export interface UpdateServer {
  /**
   * Fetches the artifact into `file`, going on with what an earlier call left there, and returns when the whole file has
   * the instructed size and SHA-256 and is on the disk. Retries by itself; throws an `AgentError` when it gave up
   * (`disk-full`, `download-digest-mismatch` and `download-refused` keep their meaning, anything else becomes
   * `download-failed`), and stops with the signal's reason when that is aborted.
   */
  download(
    update: AssignmentUpdate,
    file: string,
    signal: AbortSignal,
    onProgress: (percent: number) => void,
  ): Promise<void>;
  /** Returns after one check-in with a fresh login got through; retries until then or until aborted. */
  reachServer(signal: AbortSignal): Promise<void>;
  /**
   * Puts one report into the durable queue. Durable when it returns; the same (assignment, attempt, sequence) again is no
   * second report. `running` goes with `finished`; `logFile` is to be sent after it when the outcome is no success.
   */
  report(report: QueuedReport): Promise<void>;
}

export interface QueuedReport {
  readonly update: AssignmentUpdate;
  /** Null while none was opened. */
  readonly artifact: OpenedArtifact | null;
  readonly report: UpdateReport;
  readonly running: Running;
  readonly logFile: string;
}

/** How long the runner lets others take. */
export interface UpdateLimits {
  /** New software must be healthy and have reached the server within this. */
  readonly confirmTimeoutMs: number;
  /** One call of an update module (Mender: `ModuleTimeoutSeconds`, 4 hours). */
  readonly moduleTimeoutMs: number;
  /** From the polite end of a process that took too long to its kill. */
  readonly killAfterMs: number;
  /** One run of a state script (Mender: `StateScriptTimeoutSeconds`, 1 hour). */
  readonly scriptTimeoutMs: number;
  /** Between two runs of a state script that asked to be retried with exit code 21. */
  readonly scriptRetryIntervalMs: number;
  /** All retries of one state script together. */
  readonly scriptRetryTimeoutMs: number;
  /** How long one step of an update may be put off for the device's circumstances, or for a person's answer. */
  readonly holdMsMax: number;
  /** Between two questions what holds an update that waits. */
  readonly contextIntervalMs: number;
  /** One run of a context script. */
  readonly contextTimeoutMs: number;
  /** How long a reboot that was asked for may take to end the agent. */
  readonly rebootTimeoutMs: number;
  /** Largest sum of unpacked payload bytes. */
  readonly payloadBytesMax: number;
}

export interface UpdateRunnerDeps {
  readonly paths: AgentPaths;
  readonly hardwareType: HardwareType;
  /** PEM keys of which one must have signed each artifact; empty: signatures are not looked at. */
  readonly artifactKeys: readonly string[];
  /** Asked before anything is fetched. */
  readonly admission: Admission;
  /** What the device runs when there is no state file yet. */
  readonly initialRunning: Running;
  readonly server: UpdateServer;
  readonly serverMove: ServerMove;
  /** Absent where no launcher could bring the old agent back. */
  readonly selfUpdate?: SelfUpdate | undefined;
  /** Absent where no bootloader could bring the old system back. */
  readonly rootfsImages?: RootfsImages | undefined;
  /** Absent where the platform starts from one copy of its bootloader only. */
  readonly bootloader?: Installer | undefined;
  readonly reboot: Reboot;
  /** Differs between any two boots of the machine. */
  readonly bootId: string;
  readonly clock: Clock;
  readonly ticker: Ticker;
  readonly log: Log;
  readonly limits: UpdateLimits;
  readonly holdPolicy: HoldPolicy;
}

/** What a person at the device says about a file. */
export interface FileOptions {
  /** No signed metadata need vouch for it. */
  readonly isUnsignedAllowed?: boolean;
  /** A folder with metadata that came with it. */
  readonly metadataDir?: string | undefined;
}

/** How the newest update on this device ended. */
export interface FinishedUpdate {
  readonly updateId: string;
  readonly outcome: UpdateOutcome;
  readonly verdict: Verdict;
  readonly running: Running;
  /** The role whose metadata had expired when it was installed by them. */
  readonly expiredRole: string | null;
  readonly logFile: string;
  /** It was taken back; if the machine was rebooted since, only a reboot, a person's to do, brings back what ran before. */
  readonly rebootNeeded: boolean;
}

/** Takes one device through its updates: the thin shell around the updater's `next` and `effects`. */
export interface UpdateRunner {
  /** Loads the saved state, goes on where it stopped, and starts the committed applications. Never fails on a bad file. */
  start(): Promise<StateReading>;
  state(): UpdateState;
  /** What the device runs, after the last commit. */
  running(): Running;
  /** False when it did not apply: another update is under way, or this attempt was finished here before. */
  offer(update: AssignmentUpdate): Promise<boolean>;
  /** The server no longer wants any update here; ends one that did not begin to install. */
  withdraw(): Promise<void>;
  /** Installs an artifact file without a server. Resolves when it is finished or waits for a person's decision. */
  installFile(file: string, options?: FileOptions): Promise<StandaloneResult>;
  /** Makes a standalone installation permanent; `nothing-to-decide` when none waits. */
  commit(): Promise<StandaloneResult>;
  /** Takes back a standalone installation that waits, or an update that is proving itself. */
  rollBack(): Promise<StandaloneResult>;
  /** What a person at the device says to the update that waits. */
  consent(isYes: boolean): Promise<ConsentResult>;
  /** The payload types this device can install now: for the device's client traits. */
  payloadTypes(): Promise<readonly string[]>;
  /** Resolves when no update is under way (one that waits for a person's decision counts as none). */
  idle(): Promise<void>;
  /** Called after each saved change. Returns how to stop listening. */
  onChange(listener: (state: UpdateState) => void): () => void;
  /**
   * Runs the device's Idle and Sync state scripts around a check-in: Idle_Leave, Sync_Enter, `checkIn`, Sync_Leave,
   * Idle_Enter. While an update is under way `checkIn` runs without them. `sync-refused` when Sync_Enter said no.
   */
  aroundCheckIn<Result>(
    checkIn: () => Promise<Result>,
    signal: AbortSignal,
  ): Promise<
    | { readonly kind: "checked-in"; readonly result: Result }
    | { readonly kind: "sync-refused"; readonly detail: string }
  >;
  /** Cancels what is under way without deciding anything, stops supervised applications, releases the state file. */
  stop(): Promise<void>;
}

export type StandaloneResult =
  | { readonly kind: "finished"; readonly finished: FinishedUpdate }
  | {
      readonly kind: "awaiting-decision";
      readonly rebootNeeded: boolean;
      readonly artifactName: string;
      readonly expiredRole: string | null;
    }
  | { readonly kind: "busy" }
  | { readonly kind: "nothing-to-decide" };

export type ConsentResult =
  /** `before`: the step that the answer was about. */
  | { readonly kind: "taken"; readonly before: HoldPoint }
  /** No update waits, or the one that does can no longer be taken back. */
  | { readonly kind: "nothing-to-decide" };
