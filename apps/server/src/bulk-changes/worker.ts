import { HOUR_MS, SECOND_MS, errorChain, type Clock, type InstantMs, type Log } from "@moult/base";
import type { BulkChange, BulkChangeId, DeviceId } from "@moult/model";
import type { CloseOpenAssignment } from "../devices/index.ts";
import { ApiError } from "../platform/api-error.ts";
import type { Database } from "../platform/database.ts";
import { appendEvent } from "../platform/events.ts";
import { othersTurn } from "../platform/others-turn.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { changeMembers, type Changed } from "./change-members.ts";
import {
  deleteGathering,
  deleteMembersTo,
  holdRunning,
  nextMembers,
  runningChanges,
  saveProgress,
  type RunningChange,
} from "./queries.ts";
import { refusalsOf } from "./rehearse.ts";

/** Devices that share a transaction: few enough that others hardly wait for it, enough that its commit is worth it. */
const TOGETHER = 50;
/** Somebody watches the number grow; more often is a waste of events. */
const EVENT_EVERY_MS = SECOND_MS;
/** After a failure that may pass: the disk is full, the database is away. */
const TRY_AGAIN_MS = 5 * SECOND_MS;
/** Writing the devices down takes seconds; what is not done after this was given up by a server that ended. */
const GATHERED_WITHIN_MS = HOUR_MS;

/** Carries out bulk changes, of all tenants, one transaction of each in turn. */
export interface BulkChangeWorker {
  /** There is one to begin, or to go on with. */
  wake(): void;
  /** Resolves when nothing is left to do; for tests and for an orderly end. */
  idle(): Promise<void>;
  /** Ends after the transaction that runs; the next start goes on from there. */
  close(): Promise<void>;
}

export interface BulkChangeWorkerDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly monotonicMs: () => number;
  readonly closeOpenAssignment: CloseOpenAssignment;
}

export function createBulkChangeWorker(deps: BulkChangeWorkerDeps): BulkChangeWorker {
  const { database, clock, log } = deps;
  const step = createStep(deps);
  let isWanted = false;
  let isClosed = false;
  let retry: NodeJS.Timeout | undefined;
  let working: Promise<void> | undefined;

  const workOff = async (): Promise<void> => {
    await database.system.transaction((kysely) =>
      deleteGathering(kysely, clock.now() - GATHERED_WITHIN_MS),
    );
    while (isWanted && !isClosed) {
      isWanted = false;
      for (const change of await runningChanges(database.system)) {
        if (isClosed) return;
        if (await step(change)) isWanted = true;
        await othersTurn();
      }
    }
  };
  const begin = async (): Promise<void> => {
    try {
      // Whoever wakes it while it looks for the last time is not forgotten.
      while (isWanted && !isClosed) await workOff();
    } catch (error) {
      log.error("bulk-changes-stopped", { errors: errorChain(error) });
      if (!isClosed) retry = setTimeout(wake, TRY_AGAIN_MS).unref();
    } finally {
      working = undefined;
    }
  };
  const wake = (): void => {
    isWanted = true;
    if (!isClosed) working ??= begin();
  };
  return {
    wake,
    idle: async () => {
      while (working !== undefined) await working;
    },
    close: async () => {
      isClosed = true;
      clearTimeout(retry);
      await working;
    },
  };
}

/** One transaction of a change; answers whether there is more of it to do. */
function createStep({
  database,
  clock,
  log,
  monotonicMs,
  closeOpenAssignment,
}: BulkChangeWorkerDeps): (change: RunningChange) => Promise<boolean> {
  const toldAtMs = new Map<BulkChangeId, number>();
  /** Changes of which a transaction failed: their devices are done one by one, until the one is found. */
  const careful = new Set<BulkChangeId>();

  const take = async (
    { id, tenantId }: RunningChange,
    change: (db: TenantDb, one: BulkChange, deviceIds: readonly DeviceId[]) => Promise<Changed>,
  ): Promise<boolean> => {
    const nowMs = monotonicMs();
    const isTold = nowMs - (toldAtMs.get(id) ?? -Infinity) >= EVENT_EVERY_MS;
    const isRunning = await database.tenant(tenantId).transaction(async (db) => {
      const before = await holdRunning(db, id);
      if (before === undefined) return false;
      const deviceIds = await nextMembers(db, id, careful.has(id) ? 1 : TOGETHER);
      const after = progressed(before, deviceIds.length, await change(db, before, deviceIds));
      const last = deviceIds.at(-1);
      if (last !== undefined) await deleteMembersTo(db, id, last);
      await saveProgress(db, after, clock.now());
      if (isTold || after.state === "finished") await tell(db, after, clock.now());
      return after.state === "running";
    });
    if (isTold) toldAtMs.set(id, nowMs);
    if (!isRunning) toldAtMs.delete(id);
    return isRunning;
  };

  return async (running) => {
    const { id } = running;
    try {
      return await take(running, (db, one, deviceIds) =>
        changeMembers(db, one, deviceIds, clock.now(), closeOpenAssignment),
      );
    } catch (error) {
      // A refusal of the whole transaction (the disk is full) passes, and is no device's fault.
      if (error instanceof ApiError) throw error;
      log.error("bulk-change-failed", { bulkChangeId: id, errors: errorChain(error) });
      if (!careful.has(id)) {
        careful.add(id);
        return true;
      }
    }
    const isRunning = await take(running, (_db, _one, deviceIds) =>
      Promise.resolve({
        changed: 0,
        unchanged: 0,
        refused: new Map([[SERVER_FAULT, deviceIds.length]]),
      }),
    );
    careful.delete(id);
    return isRunning;
  };
}

const SERVER_FAULT = "Something went wrong on the server; its log says what.";

/** The change after some more of its devices. */
function progressed(before: BulkChange, taken: number, result: Changed): BulkChange {
  const done = before.done + taken;
  const refused = new Map(before.refused.map(({ sentence, count }) => [sentence, count]));
  for (const [sentence, count] of result.refused)
    refused.set(sentence, (refused.get(sentence) ?? 0) + count);
  return {
    ...before,
    state: done < before.total ? "running" : "finished",
    done,
    changed: before.changed + result.changed,
    unchanged: before.unchanged + result.unchanged,
    refused: refusalsOf(refused),
  };
}

/** Says how far a change is, in the transaction that brought it there. */
export function tell(db: TenantDb, change: BulkChange, at: InstantMs): Promise<void> {
  const { id: bulkChangeId, action, done, total, state, createdBy: by } = change;
  return appendEvent(db, {
    at,
    body: {
      kind: "bulk-change-progressed",
      bulkChangeId,
      action: action.kind,
      done,
      total,
      state,
      by,
    },
  });
}
