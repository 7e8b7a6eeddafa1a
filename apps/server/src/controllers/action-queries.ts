import { assert } from "@moult/base";
import type { AssignmentId, DeviceId } from "@moult/model";
import type { Selectable } from "kysely";
import type { ControllerActionTable } from "../platform/controller-schema.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/** One try of one update, as its controller knows it. */
export interface ControllerAction {
  readonly number: number;
  readonly assignmentId: AssignmentId;
  readonly attempt: number;
  readonly isFetched: boolean;
  readonly isConfirmed: boolean;
  readonly writtenAt: number | null;
  readonly isClosed: boolean;
  readonly bootId: string | null;
  readonly refusedAt: number | null;
}

/** Clients keep it in an `int` of C. */
const NUMBER_MAX = 2 ** 31 - 1;
/** Those of a device that its client has not ended, and the newest: the one that may wait for what then runs. */
const LISTED_MAX = 20;

/** The device's latest actions, the newest first. */
export async function latestActions(
  db: TenantDb,
  deviceId: DeviceId,
): Promise<readonly ControllerAction[]> {
  const rows = await db.kysely
    .selectFrom("controller_action")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("device_id", "=", deviceId)
    .orderBy("number", "desc")
    .limit(LISTED_MAX)
    .execute();
  return rows.map(actionFrom);
}

export async function actionByNumber(
  db: TenantDb,
  deviceId: DeviceId,
  number: number,
): Promise<ControllerAction | undefined> {
  const row = await db.kysely
    .selectFrom("controller_action")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("device_id", "=", deviceId)
    .where("number", "=", number)
    .executeTakeFirst();
  return row === undefined ? undefined : actionFrom(row);
}

/** Gives a try its number; the tenant's row is held until the transaction ends. */
export async function insertAction(
  db: TenantDb,
  deviceId: DeviceId,
  { assignmentId, attempt }: Pick<ControllerAction, "assignmentId" | "attempt">,
): Promise<ControllerAction> {
  const { number } = await db.kysely
    .updateTable("tenant")
    .set((row) => ({ controller_action_number: row("controller_action_number", "+", 1) }))
    .where("id", "=", db.tenantId)
    .returning("controller_action_number as number")
    .executeTakeFirstOrThrow();
  assert(number <= NUMBER_MAX, "a tenant's numbers last for two thousand million tries");
  const row = await db.kysely
    .insertInto("controller_action")
    .values({
      tenant_id: db.tenantId,
      number,
      device_id: deviceId,
      assignment_id: assignmentId,
      attempt,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return actionFrom(row);
}

export async function setAction(
  db: TenantDb,
  number: number,
  change: {
    readonly fetched_at?: number;
    readonly confirmed_at?: number;
    readonly written_at?: number;
    readonly closed_at?: number;
    readonly boot_id?: string | null;
    readonly refused_at?: number;
  },
): Promise<void> {
  await db.kysely
    .updateTable("controller_action")
    .set(change)
    .where("tenant_id", "=", db.tenantId)
    .where("number", "=", number)
    .execute();
}

const actionFrom = (row: Selectable<ControllerActionTable>): ControllerAction => ({
  number: row.number,
  assignmentId: row.assignment_id,
  attempt: row.attempt,
  isFetched: row.fetched_at !== null,
  isConfirmed: row.confirmed_at !== null,
  writtenAt: row.written_at,
  isClosed: row.closed_at !== null,
  bootId: row.boot_id,
  refusedAt: row.refused_at,
});
