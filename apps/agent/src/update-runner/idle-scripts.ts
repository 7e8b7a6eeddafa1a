import type { Log } from "@moult/base";
import { InstallError } from "../installers/install-error.ts";
import type { StateScripts } from "../state-scripts/state-scripts.ts";

/** The device's own scripts around idleness and check-ins, in Mender's order. */
export interface IdleScripts {
  /** Idle_Enter, unless the device is idle already. */
  enterIdle(): Promise<void>;
  /** Idle_Leave, if the device is idle. */
  leaveIdle(): Promise<void>;
  /** Sync_Enter and Sync_Leave around `checkIn`; Sync_Error in place of what fails. The detail when Sync_Enter said no. */
  aroundSync<Result>(
    checkIn: () => Promise<Result>,
    signal: AbortSignal,
  ): Promise<
    | { readonly kind: "checked-in"; readonly result: Result }
    | { readonly kind: "sync-refused"; readonly detail: string }
  >;
}

export function createIdleScripts(
  scripts: StateScripts,
  log: Log,
  stopping: AbortSignal,
): IdleScripts {
  let isIdle = false;
  let last: Promise<void> = Promise.resolve();
  const turn = (toIdle: boolean): Promise<void> => {
    last = last.then(async () => {
      if (isIdle === toIdle || stopping.aborted) return;
      isIdle = toIdle;
      try {
        await scripts.run("Idle", toIdle ? "Enter" : "Leave", log, stopping);
      } catch (cause) {
        if (!stopping.aborted) throw cause;
      }
    });
    return last;
  };
  const refusal = (cause: unknown): string => {
    if (cause instanceof InstallError) return cause.detail;
    throw cause;
  };

  return {
    enterIdle: () => turn(true),
    leaveIdle: () => turn(false),
    aroundSync: async (checkIn, signal) => {
      try {
        await scripts.run("Sync", "Enter", log, signal);
      } catch (cause) {
        signal.throwIfAborted();
        const detail = refusal(cause);
        await scripts.run("Sync", "Error", log, signal);
        return { kind: "sync-refused", detail };
      }
      let result: Awaited<ReturnType<typeof checkIn>>;
      try {
        result = await checkIn();
      } catch (cause) {
        if (!signal.aborted) await scripts.run("Sync", "Error", log, signal);
        throw cause;
      }
      try {
        await scripts.run("Sync", "Leave", log, signal);
      } catch (cause) {
        signal.throwIfAborted();
        // The server has answered: what it said counts.
        log.warn("state-script-ignored", { state: "Sync_Leave", reason: refusal(cause) });
        await scripts.run("Sync", "Error", log, signal);
      }
      return { kind: "checked-in", result };
    },
  };
}
