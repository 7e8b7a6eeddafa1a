import type { TenantDb } from "../platform/tenant-db.ts";

/** Since when and until when devices could be heard without a break, as far as it was noted. */
export interface Hearing {
  readonly since: number;
  readonly until: number;
}

export async function hearingOf(db: TenantDb): Promise<Hearing | null> {
  const row = await db.kysely
    .selectFrom("tenant")
    .select(["heard_since", "heard_until"])
    .where("id", "=", db.tenantId)
    .executeTakeFirstOrThrow();
  return row.heard_since === null || row.heard_until === null
    ? null
    : { since: row.heard_since, until: row.heard_until };
}

export async function setHearing(db: TenantDb, { since, until }: Hearing): Promise<void> {
  await db.kysely
    .updateTable("tenant")
    .set({ heard_since: since, heard_until: until })
    .where("id", "=", db.tenantId)
    .execute();
}
