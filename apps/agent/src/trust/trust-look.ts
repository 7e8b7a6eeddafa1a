import { DAY_MS, HOUR_MS, type Log, type Random } from "@moult/base";
import type { TrustSource } from "@moult/trust";
import type { Ticker } from "@moult/agent-core";
import type { SecurityCounter } from "./security-counter.ts";
import type { DeviceTrust } from "./device-trust.ts";

export interface TrustLookDeps {
  readonly trust: Pick<DeviceTrust, "refresh" | "yielding">;
  readonly counter: Pick<SecurityCounter, "repair">;
  readonly source: (signal: AbortSignal) => TrustSource;
  readonly ticker: Ticker;
  readonly random: Random;
  readonly log: Log;
}

/**
 * Looks at the signed metadata about once a day, whether or not there is something to install: a device then walks the
 * chain of roots while all of it is served, and says when its server has stopped renewing what it signs. A copy of the
 * security counter that went missing is written again at the same time.
 */
export interface TrustLook {
  /** Never fails, and takes what the answer takes. */
  lookIfDue(signal: AbortSignal): Promise<void>;
}

export function createTrustLook(deps: TrustLookDeps): TrustLook {
  const { trust, counter, source, ticker, random, log } = deps;
  let dueAtMs = Number.NEGATIVE_INFINITY;
  return {
    lookIfDue: async (signal) => {
      const nowMs = ticker.monotonicMs();
      if (nowMs < dueAtMs) return;
      // Before it is tried: a server that cannot say is asked again in an hour, not with every check-in.
      dueAtMs = nowMs + HOUR_MS;
      await counter.repair();
      try {
        await trust.refresh(source(AbortSignal.any([signal, trust.yielding()])));
        dueAtMs = nowMs + DAY_MS * (0.9 + 0.2 * random.fraction());
      } catch (error) {
        log.warn("trust-not-fetched", { error });
      }
    },
  };
}
