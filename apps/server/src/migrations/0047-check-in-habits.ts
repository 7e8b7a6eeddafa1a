import { sql, type Kysely } from "kysely";

/**
 * The longest pauses of each device, by which it is judged silent, and since when a tenant's devices could be heard without
 * a break.
 */
const STATEMENTS = [
  `alter table device add column habit_since bigint`,
  `alter table device add column habit_longest bigint not null default 0`,
  `alter table device add column habit_longest_before bigint`,
  `alter table tenant add column heard_since bigint`,
  `alter table tenant add column heard_until bigint`,
] as const;

/** Runs inside a transaction that `platform/migrate.ts` opens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
