import { DAY_MS } from "@moult/base";
import type { DeviceId, ProductName, TrustProposalId, TrustRole } from "@moult/model";
import type { Updateable } from "kysely";
import { describe, expect, test } from "vitest";
import {
  PRODUCT,
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  clockAt,
  deploy,
  finished,
  report,
} from "../deployments/fleet.fixture.ts";
import { asOperator } from "../devices/test-fleet.fixture.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { DeviceTable } from "../platform/schema.ts";
import { TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { createOverviewHandlers } from "./operations.ts";

describe.each(DIALECTS)("the overview on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const overview = (db: TenantDb, product?: ProductName) =>
    createOverviewHandlers({ clock: clockAt(TEST_NOW), checkInSeconds: 60 }).showOverview(
      asOperator(db),
      {
        params: undefined,
        query: { product },
        body: undefined,
      },
    );
  const set = (db: TenantDb, deviceId: DeviceId | undefined, change: Updateable<DeviceTable>) =>
    db.transaction(async (inner) => {
      await inner.kysely
        .updateTable("device")
        .set(change)
        .where("id", "=", deviceId ?? ("" as DeviceId))
        .execute();
    });

  test("an empty server has its first steps before it", async () => {
    expect(await overview(await store.newTenant())).toMatchObject({
      needs: [],
      moving: [],
      byRunning: [],
      byState: { accepted: 0 },
      recent: [],
      firstSteps: {
        hasProduct: false,
        hasDevice: false,
        hasRelease: false,
        hasDeployment: false,
        hasSuccess: false,
      },
    });
  });

  test("says what needs somebody, what moves and what runs, the stopped deployment first", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, [1, 2, 3, 4]);
    const [first, second, pending, twin] = ids;
    await set(db, pending, { state: "pending" });
    await set(db, twin, { identity_conflict_at: TEST_NOW });
    const errorStop = { count: 1 };
    const releaseId = await addRelease(db, "2.0");
    const { id } = await deploy(db, releaseId, {
      plan: { stages: [{ size: { remaining: true }, errorStop }] },
    });
    if (first === undefined || second === undefined) throw new Error("devices were added");
    await report(db, first, await checkIn(db, first), [finished("succeeded", "2.0")]);
    expect((await overview(db)).moving).toMatchObject([{ id, state: "running" }]);
    await report(db, second, await checkIn(db, second), [finished("rolled-back", "1.0")]);

    const shown = await overview(db);
    expect(shown).toMatchObject({
      headline: "3 things need you; no deployment runs; 3 of 3 devices were never seen.",
      needs: [
        {
          kind: "deployment-tripped",
          sentence:
            '"2.0 to all of gw2" stopped itself at stage 1: 1 of 2 devices failed; the limit is 1.',
          count: 1,
          deploymentId: id,
        },
        { kind: "identity-conflict", count: 1, deploymentId: null },
        { kind: "devices-pending", sentence: "1 device asks to join.", count: 1 },
      ],
      moving: [],
      byState: { accepted: 3, pending: 1 },
      byContact: { "on-time": 0, late: 0, silent: 0, "never-seen": 3 },
      firstSteps: { hasProduct: true, hasDevice: true, hasRelease: true, hasSuccess: true },
      asOf: new Date(TEST_NOW).toISOString(),
    });
    expect(shown.byRunning).toEqual([
      { product: PRODUCT, artifactName: "1.0", count: 2, isMoving: false },
      { product: PRODUCT, artifactName: "2.0", count: 1, isMoving: false },
    ]);
    expect(shown.recent.map(({ body }) => body.kind)).toEqual([
      "deployment-tripped",
      "deployment-created",
    ]);
  });

  test("says which role has to be signed anew, and that proposals wait", async () => {
    const db = await store.newTenant();
    const role = (name: TrustRole, days: number) => ({
      tenant_id: db.tenantId,
      role: name,
      product: null,
      channel: null,
      version: 1,
      expires_at: TEST_NOW + days * DAY_MS,
      threshold: 1,
      keyids: "[]",
      target_count: 0,
      warned: null,
    });
    await db.transaction(async (inner) => {
      await inner.kysely
        .insertInto("trust_role")
        // The server renews the timestamp by itself, and two months are enough for anybody.
        .values([role("gw2.prod", 12), role("root", 20), role("gw2.dev", 60), role("timestamp", 1)])
        .execute();
      await inner.kysely
        .insertInto("trust_proposal")
        .values({
          id: "0198c0de-0001-7000-8000-000000000009" as TrustProposalId,
          tenant_id: db.tenantId,
          state: "open",
          note: "",
          created_by: "ada",
          created_at: TEST_NOW,
          closed_at: null,
        })
        .execute();
    });

    expect((await overview(db)).needs).toMatchObject([
      {
        kind: "trust-expiring",
        sentence: "gw2.prod expires in 12 days, and has to be signed anew; 1 role more.",
        count: 2,
      },
      { kind: "proposals-waiting", count: 1 },
    ]);
  });

  test("of one product leaves out the others, and a version on its way has its row", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    await addDevices(db, [1, 2]);
    await deploy(db, await addRelease(db, "2.0"));

    expect((await overview(db, PRODUCT)).byRunning).toEqual([
      { product: PRODUCT, artifactName: "1.0", count: 2, isMoving: false },
      { product: PRODUCT, artifactName: "2.0", count: 0, isMoving: true },
    ]);
    expect(await overview(db, "other" as ProductName)).toMatchObject({
      moving: [],
      byRunning: [],
      firstSteps: { hasProduct: true },
    });
  });
});
