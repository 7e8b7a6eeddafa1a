import { FleetEventBody, type DeviceId, type FleetEvent } from "@moult/model";
import { fromJson, isoFrom } from "../platform/columns.ts";
import { pageFrom, type PageCursor } from "../platform/page-cursor.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/** What happened to a device, the newest first. */
export async function eventPageOf(
  db: TenantDb,
  deviceId: DeviceId,
  after: PageCursor | undefined,
  limit: number,
): Promise<{ items: FleetEvent[]; nextCursor: string | null }> {
  const rows = await db.kysely
    .selectFrom("event")
    .select(["sequence", "at", "device_id", "deployment_id", "assignment_id", "body"])
    .where("tenant_id", "=", db.tenantId)
    .where("device_id", "=", deviceId)
    .$if(after !== undefined, (query) => query.where("sequence", "<", after!.sortedBy))
    .orderBy("sequence", "desc")
    .limit(limit + 1)
    .execute();
  return pageFrom(
    rows,
    limit,
    (row): FleetEvent => ({
      sequence: row.sequence,
      at: isoFrom(row.at),
      deviceId: row.device_id,
      deploymentId: row.deployment_id,
      assignmentId: row.assignment_id,
      body: fromJson(FleetEventBody, row.body),
    }),
    (row) => ({ sortedBy: row.sequence, id: "" }),
  );
}
