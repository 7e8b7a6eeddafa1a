import type { DeviceSelection } from "@moult/api";
import { present } from "@moult/base";
import type { BulkAction, BulkChange, BulkChangeId, DeviceId } from "@moult/model";
import { numberText } from "@moult/planner";
import type { ContactClock } from "../devices/index.ts";
import { ApiError } from "../platform/api-error.ts";
import { newId } from "../platform/new-id.ts";
import { othersTurn } from "../platform/others-turn.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { bulkChangeById, insertGathering, insertMembers, setRunning } from "./queries.ts";
import { devicesOf, groupOrRefusal } from "./rehearse.ts";

/** Written down in one transaction; some milliseconds. */
const WRITTEN_TOGETHER = 1_000;

export interface BulkChangeRequest {
  readonly selection: DeviceSelection;
  readonly action: BulkAction;
  readonly expectedMatches: number;
}

/**
 * Writes down a change and its devices, which are fixed from then on. Throws `count-changed` when they are not as many as the
 * caller was told. `begin` says that it begins, in the transaction that makes it count.
 */
export async function writeBulkChange(
  db: TenantDb,
  { selection, action, expectedMatches }: BulkChangeRequest,
  createdBy: string,
  clock: ContactClock,
  begin: (db: TenantDb, change: BulkChange) => Promise<void>,
): Promise<BulkChange> {
  if ("groupId" in action) await groupOrRefusal(db, action.groupId);
  const deviceIds: DeviceId[] = [];
  for await (const page of devicesOf(db, selection, clock))
    for (const { id } of page) deviceIds.push(id);
  const total = deviceIds.length;
  if (total !== expectedMatches)
    throw new ApiError("count-changed", countChanged(total, expectedMatches));

  const id = newId<BulkChangeId>();
  await db.transaction((inner) =>
    insertGathering(inner, { id, action, total, createdBy, createdAt: clock.now }),
  );
  for (let start = 0; start < total; start += WRITTEN_TOGETHER) {
    const some = deviceIds.slice(start, start + WRITTEN_TOGETHER);
    await db.transaction((inner) => insertMembers(inner, id, some));
    await othersTurn();
  }
  return db.transaction(async (inner) => {
    await setRunning(inner, id);
    const change = present(await bulkChangeById(inner, id), "the change");
    await begin(inner, change);
    return change;
  });
}

function countChanged(now: number, expected: number): string {
  const difference =
    now > expected ? `${numberText(now - expected)} more` : `${numberText(expected - now)} fewer`;
  return `It is ${numberText(now)} now (${difference}); nothing was changed.`;
}
