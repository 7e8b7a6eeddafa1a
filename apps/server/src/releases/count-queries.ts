import type { HardwareType, ProductName, ReleaseId, Tally } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";

/** Accepted devices of these hardware types. */
export async function countFitting(
  db: TenantDb,
  product: ProductName,
  hardwareTypes: readonly HardwareType[],
): Promise<number> {
  if (hardwareTypes.length === 0) return 0;
  const row = await db.kysely
    .selectFrom("device")
    .select((device) => device.fn.countAll<number>().as("count"))
    .where("tenant_id", "=", db.tenantId)
    .where("product", "=", product)
    .where("state", "=", "accepted")
    .where("hardware_type", "in", hardwareTypes)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** How devices fared with the release, in all its deployments. */
export async function outcomesOf(
  db: TenantDb,
  product: ProductName,
  releaseId: ReleaseId,
): Promise<Omit<Tally, "eligible" | "admitted">> {
  const row = await db.kysely
    .selectFrom("deployment")
    .select(({ fn }) => [
      fn.sum<number>("open").as("open"),
      fn.sum<number>("succeeded").as("succeeded"),
      fn.sum<number>("already_running").as("alreadyRunning"),
      fn.sum<number>("failed").as("failed"),
      fn.sum<number>("rolled_back").as("rolledBack"),
      fn.sum<number>("rejected").as("rejected"),
      fn.sum<number>("timed_out").as("timedOut"),
      fn.sum<number>("silent").as("silent"),
      fn.sum<number>("aborted").as("aborted"),
    ])
    .where("tenant_id", "=", db.tenantId)
    .where("product", "=", product)
    .where("release_id", "=", releaseId)
    .executeTakeFirstOrThrow();
  const numbers = Object.entries(row).map(([name, sum]) => [name, Number(sum ?? 0)] as const);
  return Object.fromEntries(numbers) as Omit<Tally, "eligible" | "admitted">;
}
