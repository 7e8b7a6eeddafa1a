import { HOUR_MS, later, type InstantMs } from "@moult/base";
import type { DeploymentId } from "@moult/model";
import type { DeploymentRecord } from "./queries.ts";

/** Whether it is time to look again who is to be taken back. */
export interface RollbackPace {
  isDue(deployment: Pick<DeploymentRecord, "id" | "counts">, at: InstantMs): boolean;
}

/** The part of the time since somebody succeeded last after which is looked again. */
const WAIT_SHARE = 0.1;

/**
 * To look costs as much as a deployment has successes, and what is rolled back stays so for ever. So it is looked at once when
 * another device succeeds, and else the less often the longer nobody did: a device that succeeded and says only later that it
 * runs the release waits a tenth of that time more, and an hour at most.
 */
export function createRollbackPace(): RollbackPace {
  const seen = new Map<
    DeploymentId,
    { readonly succeeded: number; readonly since: InstantMs; nextAt: InstantMs }
  >();
  return {
    isDue: ({ id, counts: { succeeded } }, at) => {
      const known = seen.get(id);
      if (known?.succeeded !== succeeded) {
        seen.set(id, { succeeded, since: at, nextAt: at });
        return true;
      }
      if (at < known.nextAt) return false;
      known.nextAt = later(at, Math.min(HOUR_MS, Math.floor((at - known.since) * WAIT_SHARE)));
      return true;
    },
  };
}
