import { assert, type Log } from "@moult/base";
import { sql, type Kysely } from "kysely";
import { MIGRATIONS } from "../migrations/migrations.ts";
import { DatabaseError } from "./database-error.ts";
import type { Dialect } from "./dialect.ts";
import type { Schema } from "./schema.ts";

/** One step forward; there are no steps back. */
export interface Migration {
  /** Grows from step to step; work on several at once leaves gaps. */
  readonly number: number;
  readonly name: string;
  up(db: Kysely<unknown>, dialect: Dialect): Promise<void>;
}

/** Any number that nothing else in the database locks; it makes starting replicas take turns. */
const LOCK_KEY = 7_366_127;

/**
 * Brings the tables to this version. Each step is one transaction that first looks where the database stands, so two
 * replicas that start together, or a power cut, leave a whole number of steps.
 */
export async function migrate(
  writer: Kysely<Schema>,
  dialect: Dialect,
  log: Log,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  assert(
    migrations.every(({ number }, index) => number > (migrations[index - 1]?.number ?? 0)),
    "each migration has a larger number than the one before it",
  );
  for (;;) {
    const done = await writer.transaction().execute((db) => step(db, dialect, migrations));
    if (done === undefined) return;
    log.info("database-migrated", { number: done.number, name: done.name });
  }
}

/** Takes the next step; undefined when there is none. */
async function step(
  db: Kysely<Schema>,
  dialect: Dialect,
  migrations: readonly Migration[],
): Promise<Migration | undefined> {
  if (dialect === "postgres") {
    await sql`select pg_advisory_xact_lock(${LOCK_KEY})`.execute(db);
    // A step over many rows may take longer than any request.
    await sql`set local statement_timeout = 0`.execute(db);
  }
  await sql`create table if not exists migration (number integer primary key, name text not null)`.execute(
    db,
  );
  const { rows } = await sql<{ number: number }>`
    select number from migration order by number desc limit 1`.execute(db);
  const number = rows[0]?.number ?? 0;
  const knownVersion = migrations.at(-1)?.number ?? 0;
  if (number > knownVersion)
    throw new DatabaseError("database-newer", {
      databaseVersion: number,
      knownVersion,
      hint: "a later version of the server wrote this database; start that version, or restore a backup from before",
    });

  const next = migrations.find((one) => one.number > number);
  if (next === undefined) return undefined;
  try {
    await next.up(db as Kysely<unknown>, dialect);
  } catch (cause) {
    throw new DatabaseError(
      "migration-failed",
      { number: next.number, name: next.name },
      { cause },
    );
  }
  await sql`insert into migration (number, name) values (${next.number}, ${next.name})`.execute(db);
  return next;
}
