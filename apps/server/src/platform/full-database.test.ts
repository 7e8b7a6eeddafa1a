import type { ProductName } from "@moult/model";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ApiError } from "./api-error.ts";
import type { TenantDb } from "./tenant-db.ts";
import { TEST_NOW, openTestDatabase, type TestDatabase } from "./test-database.fixture.ts";

let store: TestDatabase;
let db: TenantDb;

beforeEach(async () => {
  store = await openTestDatabase("sqlite");
  db = await store.newTenant();
});
afterEach(() => store.drop());

const insert = (inside: TenantDb, name: string, title: string) =>
  inside.kysely
    .insertInto("product")
    .values({
      tenant_id: db.tenantId,
      name: name as ProductName,
      title,
      require_signature: 0,
      artifact_keys: "[]",
      created_at: TEST_NOW,
    })
    .execute();

async function names(): Promise<string[]> {
  const rows = await db.kysely
    .selectFrom("product")
    .select("name")
    .where("tenant_id", "=", db.tenantId)
    .execute();
  return rows.map(({ name }) => name);
}

/** SQLite's own limit fails exactly as a full disk does (SQLITE_FULL), in the middle of a statement. */
async function limitPages(further: number | "none"): Promise<void> {
  const pages = await sql<{ page_count: number }>`pragma page_count`.execute(store.database.writer);
  const limit = further === "none" ? 1_000_000 : (pages.rows[0]?.page_count ?? 0) + further;
  await sql.raw(`pragma max_page_count = ${limit}`).execute(store.database.writer);
}

test("a full disk undoes whole transactions, says so to each, and nothing that was acknowledged is lost", async () => {
  await limitPages(12);
  const title = "x".repeat(3_000);
  const results = await Promise.allSettled(
    Array.from({ length: 60 }, (_, index) =>
      db.transaction(async (inside) => {
        await insert(inside, `a${index}`, title);
        await insert(inside, `b${index}`, title);
      }),
    ),
  );

  const done = results.flatMap(({ status }, index) => (status === "fulfilled" ? [index] : []));
  const failures = results.flatMap((result) =>
    result.status === "rejected" ? [result.reason as unknown] : [],
  );
  expect(failures.length).toBeGreaterThan(0);
  for (const failure of failures) {
    expect(failure).toBeInstanceOf(ApiError);
    expect(failure).toMatchObject({ code: "disk-full" });
  }
  expect((await names()).sort()).toEqual(
    done.flatMap((index) => [`a${index}`, `b${index}`]).sort(),
  );
});

test("a transaction that goes on after the disk was full fails whole, and writes nothing by itself", async () => {
  await limitPages(1);
  const goesOn = db.transaction(async (inside) => {
    await insert(inside, "large", "x".repeat(100_000)).catch(() => undefined);
    await insert(inside, "small", "");
  });

  await expect(goesOn).rejects.toMatchObject({ code: "disk-full" });
  expect(await names()).toEqual([]);
});

test("one that fills the disk takes none of those beside it along", async () => {
  await limitPages(8);
  const [small, large, other] = await Promise.allSettled([
    db.transaction((inside) => insert(inside, "small", "")),
    db.transaction((inside) => insert(inside, "large", "x".repeat(400_000))),
    db.transaction((inside) => insert(inside, "other", "")),
  ]);

  expect([small.status, large.status, other.status]).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  expect((await names()).sort()).toEqual(["other", "small"]);
});

test("with room again it goes on", async () => {
  await limitPages(0);
  await db
    .transaction((inside) => insert(inside, "large", "x".repeat(100_000)))
    .catch(() => undefined);
  await limitPages("none");
  await db.transaction((inside) => insert(inside, "small", ""));

  expect(await names()).toEqual(["small"]);
});
