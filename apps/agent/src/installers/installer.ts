import type { Log } from "@moult/base";
import type { Job, RebootNeed } from "@moult/updater";

/** A payload file while it arrives. Its content is verified as it is read: the last read fails when the digest is wrong. */
export interface IncomingFile {
  readonly name: string;
  readonly sizeBytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  readonly content: AsyncIterable<Uint8Array>;
}

/** One update as an installer sees it. Everything an installer must remember is in `tree`, which outlives power cuts. */
export interface Installation {
  /** The update module's file tree: `header/`, `files/`, `tmp/`, ... (update modules v3, "file API"). */
  readonly tree: string;
  readonly job: Job;
  /** What this payload's installer said that it needs; `none` until it was asked. */
  readonly reboot: RebootNeed;
  /** The log of this update. */
  readonly log: Log;
}

/**
 * Installs payloads of one type. The methods are Mender's states, so that an update module is one of them; each may be
 * called again after an interruption and must then bring about the same. They throw `InstallError`.
 */
export interface Installer {
  /** Stores the payload where it does nothing yet. Must read every file to its end, in order; nothing is verified before. */
  unpack(files: AsyncIterable<IncomingFile>, at: Installation, signal: AbortSignal): Promise<void>;
  supportsRollback(at: Installation, signal: AbortSignal): Promise<boolean>;
  install(at: Installation, signal: AbortSignal): Promise<void>;
  neededReboot(at: Installation, signal: AbortSignal): Promise<RebootNeed>;
  /** Puts the new software to work when no reboot does. */
  activate(at: Installation, signal: AbortSignal): Promise<void>;
  /** The reboot of an installer that wants to do it itself. */
  reboot(at: Installation, signal: AbortSignal): Promise<void>;
  verify(at: Installation, signal: AbortSignal): Promise<void>;
  /** Returns when the new software is well; throws `health-check-failed` when it is not in time. */
  checkHealth(at: Installation, signal: AbortSignal): Promise<void>;
  commit(at: Installation, signal: AbortSignal): Promise<void>;
  rollBack(at: Installation, signal: AbortSignal): Promise<void>;
  rebootRollback(at: Installation, signal: AbortSignal): Promise<void>;
  verifyRollback(at: Installation, signal: AbortSignal): Promise<void>;
  handleFailure(at: Installation, signal: AbortSignal): Promise<void>;
  /** `isCommitted`: whether the new software stays. Must leave nothing of the attempt but what runs. */
  cleanUp(at: CleanUpInstallation, signal: AbortSignal): Promise<void>;
}

interface CleanUpInstallation {
  readonly tree: string;
  readonly log: Log;
  readonly isCommitted: boolean;
}

const nothing = (): Promise<void> => Promise.resolve();

/** The states that installers without reboots, services and health have nothing to do in. */
export const QUIET_STATES = {
  neededReboot: () => Promise.resolve("none" as const),
  activate: nothing,
  reboot: nothing,
  verify: nothing,
  checkHealth: nothing,
  commit: nothing,
  rebootRollback: nothing,
  verifyRollback: nothing,
  handleFailure: nothing,
} satisfies Partial<Installer>;
