import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, instant, type InstantMs, type Log } from "@moult/base";
import type { TenantId } from "@moult/model";
import { afterAll, beforeAll, inject } from "vitest";
import { openDatabase, type Database, type DatabasePlace } from "./database.ts";
import type { Dialect } from "./dialect.ts";
import { newId } from "./new-id.ts";
import { TEMPLATE_DATABASE, onPostgres, workersPostgres } from "./start-postgres.fixture.ts";
import type { TenantDb } from "./tenant-db.ts";

/** A database of one test file, migrated and empty but for the tenants that its tests make. */
export interface TestDatabase {
  readonly database: Database;
  readonly place: DatabasePlace;
  /** A tenant of its own for each test keeps tests apart without emptying tables. */
  newTenant(): Promise<TenantDb>;
  drop(): Promise<void>;
}

/** When tests happen, unless they say otherwise. */
export const TEST_NOW: InstantMs = instant(Date.UTC(2026, 0, 5, 12));

const quiet = () => undefined;
export const silentLog: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

/**
 * The database of the `describe` block that calls it: `describe.each(DIALECTS)("... on %s", (dialect) => { const store =
 * useTestDatabase(dialect); ... })`. PostgreSQL needs the vitest project `store` or `system`.
 */
export function useTestDatabase(dialect: Dialect): TestDatabase {
  let opened: TestDatabase | undefined;
  const present = (): TestDatabase => {
    assert(opened !== undefined, "the test database is used inside tests and hooks");
    return opened;
  };
  beforeAll(async () => {
    opened = await openTestDatabase(dialect);
  });
  afterAll(() => opened?.drop());
  return {
    get database() {
      return present().database;
    },
    get place() {
      return present().place;
    },
    newTenant: () => present().newTenant(),
    drop: () => present().drop(),
  };
}

export async function openTestDatabase(dialect: Dialect): Promise<TestDatabase> {
  const store = dialect === "sqlite" ? sqlitePlace() : await postgresPlace();
  const database = await openDatabase(store.place, silentLog);
  return {
    database,
    place: store.place,
    newTenant: () => insertTenant(database),
    drop: async () => {
      await database.close();
      await store.remove();
    },
  };
}

interface Place {
  readonly place: DatabasePlace;
  remove(): Promise<void> | void;
}

function sqlitePlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), "moult-sqlite-"));
  return {
    place: { kind: "sqlite", path: join(folder, "moult.sqlite") },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function postgresPlace(): Promise<Place> {
  const url = workersPostgres(inject("postgresUrls"));
  const name = `test_${randomBytes(8).toString("hex")}`;
  await onPostgres(url, (client) =>
    client.query(`create database ${name} template ${TEMPLATE_DATABASE}`),
  );
  return {
    place: { kind: "postgres", url: url.replace("{database}", name), connectionsMax: 8 },
    remove: () =>
      onPostgres(url, async (client) => {
        await client.query(`drop database ${name} with (force)`);
      }),
  };
}

async function insertTenant(database: Database): Promise<TenantDb> {
  const id = newId<TenantId>();
  await database.system.transaction((kysely) =>
    kysely
      .insertInto("tenant")
      .values({
        id,
        name: `tenant ${id}`,
        planning_epoch: 0,
        assignment_number: 0,
        deployment_number: 0,
        created_at: TEST_NOW,
      })
      .execute(),
  );
  return database.tenant(id);
}
