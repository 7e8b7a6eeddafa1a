import { MINUTE_MS, type Clock, type InstantMs } from "@moult/base";

/**
 * A look at the clock that comes so much later than the one before means that this process stood still in between: a
 * suspended laptop, a frozen virtual machine, a debugger.
 */
export const STANDSTILL_MS = 5 * MINUTE_MS;

/** How long this server has been able to hear devices. Nobody is called silent for a time in which it could not. */
export interface ServerUptime {
  /** Ask at intervals well below five minutes; a longer gap counts as having been down. */
  since(): InstantMs;
}

export function createServerUptime(clock: Clock): ServerUptime {
  let upSince = clock.now();
  let lookedAt = upSince;
  return {
    since: () => {
      const now = clock.now();
      // A clock that was set back says nothing about how long devices could be heard either.
      if (now - lookedAt > STANDSTILL_MS || now < lookedAt) upSince = now;
      lookedAt = now;
      return upSince;
    },
  };
}
