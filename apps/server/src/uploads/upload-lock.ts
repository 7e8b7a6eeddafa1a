import type { Lock, Locker } from "@tus/server";
import { ApiError } from "../platform/api-error.ts";

/** How long a request waits for the one before it: longer than that one is given to end. */
const WAIT_MS = 30_000;

interface Holder {
  readonly requestRelease: () => Promise<void> | void;
  readonly released: Promise<void>;
  readonly release: () => void;
}

/**
 * One request at a time for each upload. A further one asks its holder to end, because a client that comes again has given
 * its old connection up, which this side may not notice for minutes. The locker that comes with tus asks without pause.
 */
export function createUploadLocker(): Locker {
  const holders = new Map<string, Holder>();
  return { newLock: (id) => uploadLock(holders, id) };
}

function uploadLock(holders: Map<string, Holder>, id: string): Lock {
  let own: Holder | undefined;
  return {
    lock: async (signal, requestRelease) => {
      const giveUp = AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)]);
      for (let before = holders.get(id); before !== undefined; before = holders.get(id)) {
        await before.requestRelease();
        await Promise.race([before.released, aborted(giveUp)]);
        if (giveUp.aborted)
          throw new ApiError(
            "unavailable",
            "Another request of this upload does not end; try again.",
          );
      }
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      own = { requestRelease, released, release };
      holders.set(id, own);
    },
    unlock: async () => {
      if (own === undefined) return;
      if (holders.get(id) === own) holders.delete(id);
      own.release();
      own = undefined;
    },
  };
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
