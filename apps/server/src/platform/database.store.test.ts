import { describe, expect, test } from "vitest";
import { DIALECTS } from "./dialect.ts";
import { isUniqueViolation } from "./database-error.ts";
import type { Schema } from "./schema.ts";
import type { TenantDb } from "./tenant-db.ts";
import { TEST_NOW, useTestDatabase } from "./test-database.fixture.ts";
import type { ProductName } from "@moult/model";
import { sql, type Insertable } from "kysely";

const product = (db: TenantDb, name: string): Insertable<Schema["product"]> => ({
  tenant_id: db.tenantId,
  name: name as ProductName,
  title: "",
  require_signature: 0,
  artifact_keys: "[]",
  created_at: TEST_NOW,
});

const addProduct = (db: TenantDb, name: string) =>
  db.kysely.insertInto("product").values(product(db, name)).execute();

const productNames = async (db: TenantDb): Promise<string[]> => {
  const rows = await db.kysely
    .selectFrom("product")
    .select("name")
    .where("tenant_id", "=", db.tenantId)
    .orderBy("name")
    .execute();
  return rows.map(({ name }) => name);
};

describe.each(DIALECTS)("the database on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  test("what a transaction wrote is seen after it, and not before", async () => {
    const db = await store.newTenant();
    const seenOutside = Promise.withResolvers<string[]>();
    const written = Promise.withResolvers<void>();

    const transaction = db.transaction(async (inside) => {
      await addProduct(inside, "gateway");
      expect(await productNames(inside)).toEqual(["gateway"]);
      written.resolve();
      await seenOutside.promise;
    });
    await written.promise;
    seenOutside.resolve(await productNames(db));
    await transaction;

    expect(await seenOutside.promise).toEqual([]);
    expect(await productNames(db)).toEqual(["gateway"]);
  });

  test("a transaction that fails leaves nothing, and those beside it stay", async () => {
    const db = await store.newTenant();
    const results = await Promise.allSettled(
      Array.from({ length: 30 }, (_, index) =>
        db.transaction(async (inside) => {
          await addProduct(inside, `p${String(index).padStart(2, "0")}`);
          if (index % 3 === 0) throw new Error("no");
        }),
      ),
    );

    expect(results.filter(({ status }) => status === "rejected")).toHaveLength(10);
    const names = await productNames(db);
    expect(names).toHaveLength(20);
    expect(names).not.toContain("p03");
  });

  test("a taken key fails alone: the transactions that commit together with it succeed", async () => {
    const db = await store.newTenant();
    const results = await Promise.allSettled(
      ["a", "b", "a", "c"].map((name) => db.transaction((inside) => addProduct(inside, name))),
    );

    const failures = results.flatMap((result) =>
      result.status === "rejected" ? [result.reason] : [],
    );
    expect(failures).toHaveLength(1);
    expect(isUniqueViolation(failures[0])).toBe(true);
    expect(await productNames(db)).toEqual(["a", "b", "c"]);
  });

  test("transactions that would wait for each other both succeed, one of them by running again", async () => {
    const db = await store.newTenant();
    await db.transaction(async (inside) => {
      for (const name of ["a", "b"]) await addProduct(inside, name);
    });
    const bothHoldOne = Promise.withResolvers<void>();
    let holding = 0;
    let runs = 0;
    const append = async (inside: TenantDb, name: string, text: string) =>
      inside.kysely
        .updateTable("product")
        .set({ title: sql`title || ${text}` })
        .where("tenant_id", "=", db.tenantId)
        .where("name", "=", name as ProductName)
        .execute();
    const inOrder = (first: string, second: string) =>
      db.transaction(async (inside) => {
        runs += 1;
        await append(inside, first, "1");
        holding += 1;
        // SQLite lets one in at a time, so there the second never comes this far.
        if (holding === 2 || dialect === "sqlite") bothHoldOne.resolve();
        await bothHoldOne.promise;
        await append(inside, second, "2");
      });

    await Promise.all([inOrder("a", "b"), inOrder("b", "a")]);
    const titles = await db.kysely
      .selectFrom("product")
      .select("title")
      .where("tenant_id", "=", db.tenantId)
      .execute();
    expect(titles.map(({ title }) => title.split("").sort().join(""))).toEqual(["12", "12"]);
    if (dialect === "sqlite") expect(runs).toBe(2);
    // On a busy machine the two may meet again.
    else expect(runs).toBeGreaterThanOrEqual(3);
  });

  test("using the outer handle inside a transaction is a broken invariant instead of a wait for ever", async () => {
    const db = await store.newTenant();

    await expect(db.transaction(() => productNames(db))).rejects.toThrow(/own handle/);
    await expect(db.transaction(() => db.transaction(productNames))).rejects.toThrow(/own handle/);
    await expect(db.transaction((inside) => inside.transaction(productNames))).rejects.toThrow(
      /not opened inside another/,
    );
    expect(await productNames(db)).toEqual([]);
  });

  test("what is started inside a transaction and outlives it may read again", async () => {
    const db = await store.newTenant();
    const ended = Promise.withResolvers<void>();
    const late: { read?: Promise<string[]> } = {};
    await db.transaction(async () => {
      late.read = ended.promise.then(() => productNames(db));
      await Promise.resolve();
    });
    ended.resolve();

    expect(await late.read).toEqual([]);
  });

  test("a transaction's handle does not work after its end", async () => {
    const db = await store.newTenant();
    const inside = await db.transaction((handle) => Promise.resolve(handle));

    await expect(productNames(inside)).rejects.toThrow();
  });

  test("the handle outside transactions does not write", async () => {
    const db = await store.newTenant();

    await expect(addProduct(db, "gateway")).rejects.toThrow(/in a transaction/);
    expect(await productNames(db)).toEqual([]);
  });

  test("a library's own statements read without waiting for a transaction, and write one after the other", async () => {
    const db = await store.newTenant();
    const { writer } = store.database;
    const begun = Promise.withResolvers<void>();
    const mayEnd = Promise.withResolvers<void>();
    const transaction = db.transaction(async (inside) => {
      await addProduct(inside, "slow");
      begun.resolve();
      await mayEnd.promise;
    });
    await begun.promise;

    const own = { ...db, kysely: writer } as TenantDb;
    expect(await productNames(own)).toEqual([]);
    const written = addProduct(own, "own").then(() => productNames(db));
    mayEnd.resolve();
    await transaction;
    expect(await written).toContain("own");
    await expect(
      writer.transaction().execute(async (kysely) => {
        await addProduct({ ...db, kysely } as TenantDb, "undone");
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    expect(await productNames(db)).toEqual(["own", "slow"]);
  });

  test("counts, sums and instants are numbers", async () => {
    const db = await store.newTenant();
    await db.transaction((inside) => addProduct(inside, "gateway"));
    const row = await db.kysely
      .selectFrom("product")
      .select((eb) => [
        eb.fn.countAll<number>().as("count"),
        eb.fn.sum<number>("created_at").as("sum"),
        eb.fn.max("created_at").as("at"),
      ])
      .where("tenant_id", "=", db.tenantId)
      .executeTakeFirstOrThrow();

    expect({ ...row }).toEqual({ count: 1, sum: TEST_NOW, at: TEST_NOW });
  });

  test("a prepared read answers for its own tenant only", async () => {
    const db = await store.newTenant();
    const other = await store.newTenant();
    await db.transaction((inside) => addProduct(inside, "gateway"));
    const titleOf = store.database.prepareRead<{ name: ProductName }, { created_at: number }>(
      (kysely, value) =>
        kysely
          .selectFrom("product")
          .select("created_at")
          .where("tenant_id", "=", value("tenantId"))
          .where("name", "=", value("name")),
    );

    expect(await titleOf(db, { name: "gateway" as ProductName })).toEqual({ created_at: TEST_NOW });
    expect(await titleOf(db, { name: "sensor" as ProductName })).toBeUndefined();
    expect(await titleOf(other, { name: "gateway" as ProductName })).toBeUndefined();
    await expect(
      db.transaction(async () => titleOf(db, { name: "gateway" as ProductName })),
    ).rejects.toThrow(/own handle/);
  });

  test("a prepared read without a tenant cannot be made", () => {
    expect(() =>
      store.database.prepareRead((kysely) => kysely.selectFrom("product").select("title")),
    ).toThrow(/one tenant/);
  });
});
