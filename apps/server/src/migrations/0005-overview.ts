import { hash } from "node:crypto";
import { sql, type Kysely } from "kysely";
import type { Dialect } from "../platform/dialect.ts";

/**
 * What people look for in the history (decisions, admissions) without walking over what every device does in every
 * update. The same words stand in `platform/events.ts`; an index is used only where they are the same.
 */
const NOTABLE = `kind not in ('assignment-offered', 'assignment-progressed', 'assignment-closed',
  'device-running-changed', 'device-inventory-changed')`;

/** Devices with equal traits are of one class; the digest of what stands in `traits` tells them. */
const DIGESTS = {
  sqlite: [],
  postgres: [
    `update device set traits_sha256 = encode(sha256(convert_to(traits, 'UTF8')), 'hex') where traits is not null`,
  ],
} as const;

const BEFORE = [`alter table device add column traits_sha256 text`] as const;

const AFTER = [
  `create index event_notable on event (tenant_id, sequence) where ${NOTABLE}`,
  `create index event_notable_of_deployment on event (deployment_id, sequence) where ${NOTABLE}`,
  // Whatever decides what a device can take, so that a fleet is counted by its few classes from the index alone.
  `drop index device_by_state`,
  `create index device_class on device
    (tenant_id, product, state, hardware_type, running_artifact, running_sha256, traits_sha256, draw, id)`,
  `create index device_conflict on device (tenant_id, product, id) where identity_conflict_at is not null`,
  `create index device_key_pending on device_key (tenant_id, device_id) where state = 'pending'`,
  // How a deployment's devices ended, in which stage and when, from the index alone.
  `create index assignment_progress on assignment (deployment_id, outcome, code, stage, state, closed_at)`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  for (const statement of [...BEFORE, ...DIGESTS[dialect]]) await sql.raw(statement).execute(db);
  if (dialect === "sqlite") await digestTraits(db);
  for (const statement of AFTER) await sql.raw(statement).execute(db);
}

/** SQLite has no digests of its own; a fleet has few kinds of traits. */
async function digestTraits(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ traits: string }>`
    select distinct traits from device where traits is not null`.execute(db);
  await sql`create temporary table traits_digest (traits text primary key, digest text not null)`.execute(
    db,
  );
  for (const { traits } of rows)
    await sql`insert into traits_digest values (${traits}, ${hash("sha256", traits)})`.execute(db);
  await sql`update device set traits_sha256 =
    (select digest from traits_digest where traits_digest.traits = device.traits)`.execute(db);
  await sql`drop table traits_digest`.execute(db);
}
