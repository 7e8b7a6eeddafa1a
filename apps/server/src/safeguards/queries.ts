import type { ReleaseId, Safeguard, SafeguardId } from "@moult/model";
import type { Selectable } from "kysely";
import { isoFrom, isoOrNull } from "../platform/columns.ts";
import type { SafeguardTable } from "../platform/schema.ts";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/** Of those that were lifted, the newest. */
const LIFTED_MAX = 50;

/** Those that hold, the oldest first, then those that were lifted, the latest first. */
export async function safeguardsOf(db: TenantDb, releaseId: ReleaseId): Promise<Safeguard[]> {
  const all = db.kysely
    .selectFrom("safeguard")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("release_id", "=", releaseId);
  const holding = await all
    .where("lifted_at", "is", null)
    .orderBy("created_at")
    .orderBy("id")
    .execute();
  const lifted = await all
    .where("lifted_at", "is not", null)
    .orderBy("lifted_at", "desc")
    .orderBy("id")
    .limit(LIFTED_MAX)
    .execute();
  return [...holding, ...lifted].map(safeguardFrom);
}

export async function countHolding(db: TenantDb, releaseId: ReleaseId): Promise<number> {
  const row = await db.kysely
    .selectFrom("safeguard")
    .select((of) => of.fn.countAll<number>().as("count"))
    .where("tenant_id", "=", db.tenantId)
    .where("release_id", "=", releaseId)
    .where("lifted_at", "is", null)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

export async function insertSafeguard(
  db: TenantDb,
  safeguard: Pick<Safeguard, "id" | "releaseId" | "query" | "note" | "createdBy"> & {
    readonly at: number;
  },
): Promise<Safeguard> {
  const row = await db.kysely
    .insertInto("safeguard")
    .values({
      id: safeguard.id,
      tenant_id: db.tenantId,
      release_id: safeguard.releaseId,
      query: safeguard.query,
      note: storableText(safeguard.note),
      created_by: safeguard.createdBy,
      created_at: safeguard.at,
      lifted_by: null,
      lifted_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return safeguardFrom(row);
}

export async function safeguardById(
  db: TenantDb,
  safeguardId: SafeguardId,
): Promise<Safeguard | undefined> {
  const row = await db.kysely
    .selectFrom("safeguard")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", safeguardId)
    .executeTakeFirst();
  return row === undefined ? undefined : safeguardFrom(row);
}

/** Undefined when it does not hold any more. */
export async function setLifted(
  db: TenantDb,
  safeguardId: SafeguardId,
  by: string,
  at: number,
): Promise<Safeguard | undefined> {
  const row = await db.kysely
    .updateTable("safeguard")
    .set({ lifted_by: by, lifted_at: at })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", safeguardId)
    .where("lifted_at", "is", null)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : safeguardFrom(row);
}

const safeguardFrom = (row: Selectable<SafeguardTable>): Safeguard => ({
  id: row.id,
  releaseId: row.release_id,
  query: row.query,
  note: row.note,
  createdBy: row.created_by,
  createdAt: isoFrom(row.created_at),
  liftedBy: row.lifted_by,
  liftedAt: isoOrNull(row.lifted_at),
});
