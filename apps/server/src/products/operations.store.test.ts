import { generateKeyPairSync } from "node:crypto";
import { operations } from "@moult/api";
import type { ProductName } from "@moult/model";
import { describe, expect, test } from "vitest";
import { asOperator, eventBodies, testClock } from "../devices/test-fleet.fixture.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import { createProductHandlers } from "./index.ts";

const handlers = createProductHandlers({ clock: testClock() });
const gateway = "gateway" as ProductName;
const newKey = (): string =>
  generateKeyPairSync("ec", { namedCurve: "P-256" })
    .publicKey.export({ type: "spki", format: "pem" })
    .toString();
type Settings = Parameters<(typeof handlers)["changeProduct"]>[1]["body"];

const create = (db: TenantDb, settings: Settings = {}, name = gateway) =>
  handlers.createProduct(asOperator(db), {
    params: undefined,
    query: undefined,
    body: { name, ...settings },
  });
const change = (db: TenantDb, body: Settings) =>
  handlers.changeProduct(asOperator(db), {
    params: { product: gateway },
    query: undefined,
    body,
  });
const show = (db: TenantDb) =>
  handlers.showProduct(asOperator(db), {
    params: { product: gateway },
    query: undefined,
    body: undefined,
  });
const list = (db: TenantDb) =>
  handlers.listProducts(asOperator(db), {
    params: undefined,
    query: undefined,
    body: undefined,
  });

describe.each(DIALECTS)("products on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  test("a product is created with what was given, and says so", async () => {
    const db = await store.newTenant();
    const key = newKey();

    const created = await create(db, {
      title: "Gateways\0",
      requireSignature: true,
      artifactKeys: [key],
    });

    expect(operations.createProduct.reply.parse(created)).toEqual(created);
    expect(created).toEqual({
      name: gateway,
      title: "Gateways\u{fffd}",
      requireSignature: true,
      artifactKeys: [key],
      createdAt: "2026-01-05T12:00:00.000Z",
    });
    expect(await show(db)).toEqual(created);
    expect(await eventBodies(db)).toEqual([{ kind: "product-changed", product: gateway }]);
  });

  test("a name is taken once, however many ask at once", async () => {
    const db = await store.newTenant();

    const results = await Promise.allSettled([create(db), create(db), create(db)]);

    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const result of results)
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "name-taken" });
    expect((await list(db)).items).toHaveLength(1);
    expect(await eventBodies(db)).toHaveLength(1);
  });

  test("a change touches what it names and nothing else", async () => {
    const db = await store.newTenant();
    const key = newKey();
    await create(db, { title: "Gateways" });

    await change(db, { artifactKeys: [key] });
    await change(db, { requireSignature: true });

    expect(await change(db, {})).toMatchObject({
      title: "Gateways",
      requireSignature: true,
      artifactKeys: [key],
    });
  });

  test("changes at the same time keep each other's settings", async () => {
    const db = await store.newTenant();
    const key = newKey();
    await create(db);

    await Promise.all([change(db, { title: "Gateways" }), change(db, { artifactKeys: [key] })]);

    expect(await show(db)).toMatchObject({ title: "Gateways", artifactKeys: [key] });
  });

  test("keys that cannot be used, and a rule that nothing could meet, are refused", async () => {
    const db = await store.newTenant();
    await create(db, { artifactKeys: [newKey()], requireSignature: true });
    const before = await show(db);

    await expect(change(db, { artifactKeys: ["not a key"] })).rejects.toMatchObject({
      code: "invalid-request",
      issues: [{ path: "artifactKeys.0", message: expect.stringContaining("PEM") }],
    });
    await expect(change(db, { artifactKeys: [] })).rejects.toMatchObject({
      code: "invalid-request",
      detail: expect.stringContaining("artifactKeys"),
    });
    await expect(
      create(db, { requireSignature: true }, "camera" as ProductName),
    ).rejects.toMatchObject({ code: "invalid-request" });

    expect(await show(db)).toEqual(before);
    expect((await list(db)).items).toEqual([before]);
  });

  test("another tenant's product is not there, and its name is free", async () => {
    const [ours, theirs] = [await store.newTenant(), await store.newTenant()];
    await create(ours, { title: "ours" });

    await expect(show(theirs)).rejects.toMatchObject({ code: "not-found" });
    await expect(change(theirs, { title: "evil" })).rejects.toMatchObject({ code: "not-found" });
    expect((await list(theirs)).items).toEqual([]);
    expect(await eventBodies(theirs)).toEqual([]);

    await create(theirs, { title: "theirs" });
    expect((await show(ours)).title).toBe("ours");
  });
});
