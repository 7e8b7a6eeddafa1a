import type { RebootNeed } from "@moult/updater";

/**
 * What installs one payload of an update on a simulated device, step by step as update modules do. Every step may be asked
 * for again after any interruption.
 */
export interface PayloadInstaller {
  readonly supportsRollback: boolean;
  /** Takes the payload in; what runs stays as it is. */
  unpack(release: number, signal: AbortSignal): Promise<void>;
  /** Chooses it; what is still running goes on until it is activated or rebooted. */
  install(release: number, signal: AbortSignal): Promise<void>;
  neededReboot(): Promise<RebootNeed>;
  /** Puts it to work where no payload of the update needs a reboot. */
  activate(release: number): Promise<void>;
  /** Of an installer that restarts by itself what it installed. */
  reboot(): Promise<void>;
  /** Throws when something else runs. */
  verify(release: number): Promise<void>;
  commit(release: number): Promise<void>;
  rollBack(release: number): Promise<void>;
  /** Throws when what was installed still runs. */
  verifyRollback(release: number): Promise<void>;
  cleanUp(): Promise<void>;
  /**
   * Asked when the agent starts with no update in hand, and when an update is over. True: what runs is the trial of one
   * that nobody remembers, and only a restart of the machine ends that.
   */
  endForgottenTrial(): Promise<boolean>;
}

/** A step that says no. */
export class StepError extends Error {
  override readonly name = "StepError";
}
