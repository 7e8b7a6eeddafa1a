import { Configuration, type DeviceConfiguration, type DeviceId } from "@moult/model";
import { fromJson, isoFrom } from "../platform/columns.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/** What is wanted of the device's settings and what it says of them. */
export async function configurationOf(
  db: TenantDb,
  deviceId: DeviceId,
): Promise<DeviceConfiguration> {
  const row = await db.kysely
    .selectFrom("device_configuration")
    .select(["desired", "desired_by", "desired_at", "reported", "reported_at"])
    .where("tenant_id", "=", db.tenantId)
    .where("device_id", "=", deviceId)
    .executeTakeFirst();
  return {
    desired:
      row?.desired == null
        ? null
        : {
            settings: fromJson(Configuration, row.desired),
            by: row.desired_by ?? "",
            at: isoFrom(row.desired_at ?? 0),
          },
    reported:
      row?.reported == null
        ? null
        : { settings: fromJson(Configuration, row.reported), at: isoFrom(row.reported_at ?? 0) },
  };
}

export async function putDesired(
  db: TenantDb,
  deviceId: DeviceId,
  settings: Configuration,
  { by, at }: { readonly by: string; readonly at: number },
): Promise<void> {
  const desired = { desired: JSON.stringify(settings), desired_by: by, desired_at: at };
  await db.kysely
    .insertInto("device_configuration")
    .values({ tenant_id: db.tenantId, device_id: deviceId, ...desired })
    .onConflict((conflict) => conflict.column("device_id").doUpdateSet(desired))
    .execute();
}

export async function putReported(
  db: TenantDb,
  deviceId: DeviceId,
  settings: Configuration,
  at: number,
): Promise<void> {
  const reported = { reported: JSON.stringify(settings), reported_at: at };
  await db.kysely
    .insertInto("device_configuration")
    .values({ tenant_id: db.tenantId, device_id: deviceId, ...reported })
    .onConflict((conflict) => conflict.column("device_id").doUpdateSet(reported))
    .execute();
}
