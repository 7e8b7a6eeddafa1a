import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openDatabase, type Database } from "../platform/database.ts";
import { DIALECTS } from "../platform/dialect.ts";
import { migrate, type Migration } from "../platform/migrate.ts";
import { silentLog, useTestDatabase } from "../platform/test-database.fixture.ts";
import { sql } from "kysely";
import { MIGRATIONS } from "./migrations.ts";
import { schemaDump } from "./schema-dump.fixture.ts";

const [last] = MIGRATIONS.slice(-1);
const furtherNumber = (last?.number ?? 0) + 1;

const further = (up: Migration["up"]): readonly Migration[] => [
  ...MIGRATIONS,
  { number: furtherNumber, name: "further", up },
];

describe.each(DIALECTS)("migrations on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  test("give the tables that are committed beside them (vitest -u writes the file)", async () => {
    await expect(await schemaDump(store.database)).toMatchFileSnapshot(
      join(import.meta.dirname, `schema.${dialect}.sql`),
    );
  });

  test("a step that fails leaves nothing of itself", async () => {
    const before = await schemaDump(store.database);
    const steps = further(async (db) => {
      await sql`create table half (id text primary key)`.execute(db);
      await sql`insert into missing values (1)`.execute(db);
    });

    await expect(migrate(store.database.writer, dialect, silentLog, steps)).rejects.toMatchObject({
      code: "migration-failed",
      context: { number: furtherNumber },
    });
    expect(await schemaDump(store.database)).toBe(before);
  });

  test("replicas that start together take each step once", async () => {
    let runs = 0;
    const steps = further(async (db) => {
      runs += 1;
      await sql`create table further (id text primary key)`.execute(db);
    });
    const replicas = [
      await openDatabase(store.place, silentLog),
      await openDatabase(store.place, silentLog),
    ];
    const migrateOne = ({ writer }: Database) => migrate(writer, dialect, silentLog, steps);

    // SQLite's lock holds up the whole process, so there the second one cannot even begin.
    if (dialect === "postgres") await Promise.all(replicas.map(migrateOne));
    else for (const replica of replicas) await migrateOne(replica);
    expect(runs).toBe(1);
    for (const replica of replicas) await replica.close();
  });

  test("a database of a later version is refused with what to do", async () => {
    await expect(openDatabase(store.place, silentLog)).rejects.toMatchObject({
      code: "database-newer",
      context: {
        databaseVersion: furtherNumber,
        knownVersion: last?.number,
        hint: expect.stringMatching(/later version .* backup/),
      },
    });
  });
});
