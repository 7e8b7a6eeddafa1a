import type { TenantId, UserId } from "@moult/model";
import type { Lock, Locker } from "@tus/server";
import { ApiError } from "../platform/api-error.ts";

/** How long a request waits for the one before it: longer than that one is given to end. */
const WAIT_MS = 30_000;

interface Holder {
  readonly requestRelease: () => Promise<void> | void;
  readonly released: Promise<void>;
  readonly release: () => void;
}

/** The locks of all people's requests. */
export interface UploadLocks {
  /** tus locks before it asks whose the upload is, so nobody meets another person's locks: he would end their requests. */
  of(tenantId: TenantId, userId: UserId): Locker;
}

/**
 * One request at a time for each upload. A further one asks its holder to end, because a client that comes again has given
 * its old connection up, which this side may not notice for minutes. The locker that comes with tus asks without pause.
 */
export function createUploadLocks(): UploadLocks {
  const holders = new Map<string, Holder>();
  return {
    of: (tenantId, userId) => ({
      newLock: (id) => uploadLock(holders, `${tenantId} ${userId} ${id}`),
    }),
  };
}

function uploadLock(holders: Map<string, Holder>, key: string): Lock {
  let own: Holder | undefined;
  return {
    lock: async (signal, requestRelease) => {
      const giveUp = AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)]);
      for (let before = holders.get(key); before !== undefined; before = holders.get(key)) {
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
      holders.set(key, own);
    },
    unlock: async () => {
      if (own === undefined) return;
      if (holders.get(key) === own) holders.delete(key);
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
