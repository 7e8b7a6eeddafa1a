import type { DeviceId, ReleaseId, SafeguardId } from "@moult/model";
import type { SafeguardFacts } from "@moult/planner";
import { matches, parseQuery, type Query } from "@moult/query";
import { sql, type RawBuilder } from "kysely";
import { deviceCondition, deviceFacts } from "../device-queries/index.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/** A safeguard that holds. */
export interface HoldingSafeguard extends SafeguardFacts {
  readonly releaseId: ReleaseId;
  readonly query: Query;
}

/** Those of some releases that hold, the oldest first. */
export async function holdingSafeguards(
  db: TenantDb,
  releaseIds: readonly ReleaseId[],
): Promise<readonly HoldingSafeguard[]> {
  if (releaseIds.length === 0) return [];
  const rows = await db.kysely
    .selectFrom("safeguard")
    .select(["id", "release_id as releaseId", "query", "note"])
    .where("tenant_id", "=", db.tenantId)
    .where("release_id", "in", releaseIds)
    .where("lifted_at", "is", null)
    .orderBy("created_at")
    .orderBy("id")
    .execute();
  return rows.map((row) => ({ ...row, query: parseQuery(row.query) }));
}

/** The safeguard of each release that keeps it from the device, as the device is now. */
export async function safeguardsFor(
  db: TenantDb,
  deviceId: DeviceId,
  releaseIds: readonly ReleaseId[],
): Promise<ReadonlyMap<ReleaseId, SafeguardFacts>> {
  const holding = await holdingSafeguards(db, releaseIds);
  const keeping = new Map<ReleaseId, SafeguardFacts>();
  if (holding.length === 0) return keeping;
  const queries = holding.map(({ query }) => query);
  const facts = (await deviceFacts(db, [deviceId], queries)).get(deviceId);
  if (facts === undefined) return keeping;
  for (const { id, note, releaseId, query } of holding)
    if (!keeping.has(releaseId) && matches(query, facts)) keeping.set(releaseId, { id, note });
  return keeping;
}

/** The id of the first of these safeguards that keeps a device of the row `device` out; empty where none does. */
export function keptOutBy(
  db: TenantDb,
  holding: readonly HoldingSafeguard[],
): RawBuilder<SafeguardId | ""> {
  if (holding.length === 0) return sql<"">`''`;
  const steps = holding.map(
    ({ id, query }) => sql`when ${deviceCondition(db, query)} then ${sql.lit(id)}`,
  );
  return sql<SafeguardId | "">`case ${sql.join(steps, sql` `)} else '' end`;
}

/** The facts of one that a class of devices is kept out by. */
export function keeping(
  holding: readonly HoldingSafeguard[],
  safeguardId: string,
): SafeguardFacts | null {
  const found = holding.find(({ id }) => id === safeguardId);
  return found === undefined ? null : { id: found.id, note: found.note };
}
