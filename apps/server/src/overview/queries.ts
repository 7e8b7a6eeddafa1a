import type { DeviceState, Overview, ProductName } from "@moult/model";
import { sql } from "kysely";
import type { TenantDb } from "../platform/tenant-db.ts";

export interface RunningCount {
  readonly state: DeviceState;
  readonly artifactName: string | null;
  readonly count: number;
}

/** A product's devices by state and by what they run, from the index of classes alone. */
export async function runningCounts(db: TenantDb, product: ProductName): Promise<RunningCount[]> {
  // Grouped as the index is sorted, so that nothing is sorted; what is finer than asked for is added up by the caller.
  const rows = await db.kysely
    .selectFrom("device")
    .select(["state", "running_artifact", (row) => row.fn.countAll<number>().as("count")])
    .where("tenant_id", "=", db.tenantId)
    .where("product", "=", product)
    .groupBy(["product", "state", "hardware_type", "running_artifact"])
    .execute();
  return rows.map((row) => ({
    state: row.state,
    artifactName: row.running_artifact,
    count: Number(row.count),
  }));
}

/** Devices whose key two machines speak with. */
export async function countConflicts(
  db: TenantDb,
  product: ProductName | undefined,
): Promise<number> {
  const row = await db.kysely
    .selectFrom("device")
    .select((device) => device.fn.countAll<number>().as("count"))
    .where("tenant_id", "=", db.tenantId)
    .where("identity_conflict_at", "is not", null)
    .where("state", "=", "accepted")
    .$if(product !== undefined, (query) => query.where("product", "=", product!))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Accepted devices of which another key asks to be theirs: machines that were set up again. */
export async function countPendingKeys(
  db: TenantDb,
  product: ProductName | undefined,
): Promise<number> {
  const row = await db.kysely
    .selectFrom("device_key")
    .innerJoin("device", "device.id", "device_key.device_id")
    .select((row) => row.fn.count<number>("device_key.device_id").distinct().as("count"))
    .where("device_key.tenant_id", "=", db.tenantId)
    // Literally, as the index of pending keys says it.
    .where(sql<boolean>`device_key.state = 'pending'`)
    .where("device.tenant_id", "=", db.tenantId)
    .where("device.state", "=", "accepted")
    .$if(product !== undefined, (query) => query.where("device.product", "=", product!))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** What of the first steps is done, whatever the product. */
export async function firstSteps(db: TenantDb): Promise<Overview["firstSteps"]> {
  const { tenantId } = db;
  const isThere = async (question: Promise<unknown>): Promise<boolean> =>
    (await question) !== undefined;
  const ofTenant = (table: "product" | "release" | "deployment") =>
    db.kysely.selectFrom(table).select("created_at").where("tenant_id", "=", tenantId).limit(1);
  return {
    hasProduct: await isThere(ofTenant("product").executeTakeFirst()),
    hasDevice: await isThere(
      db.kysely
        .selectFrom("device")
        .select("id")
        .where("tenant_id", "=", tenantId)
        .where("state", "=", "accepted")
        .limit(1)
        .executeTakeFirst(),
    ),
    hasRelease: await isThere(ofTenant("release").executeTakeFirst()),
    hasDeployment: await isThere(ofTenant("deployment").executeTakeFirst()),
    hasSuccess: await isThere(
      db.kysely
        .selectFrom("deployment")
        .select("id")
        .where("tenant_id", "=", tenantId)
        .where((row) => row.or([row("succeeded", ">", 0), row("already_running", ">", 0)]))
        .limit(1)
        .executeTakeFirst(),
    ),
  };
}
