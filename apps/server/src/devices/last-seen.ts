import { SECOND_MS, errorChain, type Clock, type Log } from "@moult/base";
import type { DeviceId, TenantId } from "@moult/model";
import { othersTurn } from "../platform/others-turn.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { moveLastSeen } from "./report-queries.ts";

/** How stale a device's last-seen time may be; also what a crash forgets of it. */
const LAST_SEEN_FLUSH_MS = 5 * SECOND_MS;

/** A transaction of so many takes some tens of milliseconds at most; in between others have their turn. */
const WRITTEN_TOGETHER = 500;

/** When devices were last heard of: kept in memory and written together, so that an idle check-in writes nothing. */
export interface LastSeen {
  /** `db` is the tenant's own handle, not a transaction's. */
  note(db: TenantDb, deviceId: DeviceId): void;
  /** Writes what was noted; what cannot be written now is kept for the next time. */
  flush(): Promise<void>;
  /** Stops the timer and writes what is left. */
  close(): Promise<void>;
}

interface Noted {
  readonly db: TenantDb;
  readonly atByDevice: Map<DeviceId, number>;
}

export function createLastSeen({
  clock,
  log,
  flushMs = LAST_SEEN_FLUSH_MS,
}: {
  readonly clock: Clock;
  readonly log: Log;
  readonly flushMs?: number;
}): LastSeen {
  let notedByTenant = new Map<TenantId, Noted>();
  let writing: Promise<void> = Promise.resolve();

  const note = (db: TenantDb, deviceId: DeviceId, at: number): void => {
    let noted = notedByTenant.get(db.tenantId);
    if (noted === undefined) {
      noted = { db, atByDevice: new Map() };
      notedByTenant.set(db.tenantId, noted);
    }
    noted.atByDevice.set(deviceId, Math.max(at, noted.atByDevice.get(deviceId) ?? 0));
  };

  const writeSome = async (db: TenantDb, seen: readonly (readonly [DeviceId, number])[]) => {
    try {
      await db.transaction((inner) => moveLastSeen(inner, seen));
    } catch (error) {
      log.warn("last-seen-not-written", { devices: seen.length, errors: errorChain(error) });
      for (const [deviceId, at] of seen) note(db, deviceId, at);
    }
    await othersTurn();
  };
  const write = async (): Promise<void> => {
    const batch = notedByTenant;
    notedByTenant = new Map();
    for (const { db, atByDevice } of batch.values()) {
      // In one order everywhere, so that two replicas do not wait for each other's rows.
      const seen = [...atByDevice].toSorted(([left], [right]) => (left < right ? -1 : 1));
      for (let start = 0; start < seen.length; start += WRITTEN_TOGETHER)
        await writeSome(db, seen.slice(start, start + WRITTEN_TOGETHER));
    }
  };
  // One after the other, so that `close` waits for a flush that is under way.
  const flush = (): Promise<void> => (writing = writing.then(write));

  const timer = setInterval(() => void flush(), flushMs);
  timer.unref();
  return {
    note: (db, deviceId) => note(db, deviceId, clock.now()),
    flush,
    close: async () => {
      clearInterval(timer);
      await flush();
    },
  };
}
