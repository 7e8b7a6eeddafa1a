import type { ProductName, Release, ReleaseId, ReleaseVersion } from "@moult/model";
import { flagFrom } from "../platform/columns.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

export async function setRules(
  db: TenantDb,
  releaseId: ReleaseId,
  { minimumFrom, mustPassThrough }: Pick<Release, "minimumFrom" | "mustPassThrough">,
): Promise<void> {
  await db.kysely
    .updateTable("release")
    .set({ minimum_from: minimumFrom, must_pass_through: flagFrom(mustPassThrough) })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", releaseId)
    .execute();
}

/** When the product's first release of this version was created. */
export async function releaseCreatedAt(
  db: TenantDb,
  product: ProductName,
  version: ReleaseVersion,
): Promise<number | undefined> {
  const row = await db.kysely
    .selectFrom("release")
    .select("created_at")
    .where("tenant_id", "=", db.tenantId)
    .where("product", "=", product)
    .where("version", "=", version)
    .orderBy("created_at")
    .limit(1)
    .executeTakeFirst();
  return row?.created_at;
}

export async function countSteppingStones(db: TenantDb, product: ProductName): Promise<number> {
  const row = await db.kysely
    .selectFrom("release")
    .select((release) => release.fn.countAll<number>().as("count"))
    .where("tenant_id", "=", db.tenantId)
    .where("product", "=", product)
    .where("must_pass_through", "=", 1)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}
