import { instant, present } from "@moult/base";
import type { DeviceId, ReleaseId, Safeguard, SafeguardId } from "@moult/model";
import { explain } from "@moult/planner";
import { orderKey } from "@moult/query";
import { describe, expect, test } from "vitest";
import { previewDeployment } from "../deployments/preview-deployment.ts";
import { waitingReasons } from "../deployments/explain-waiting.ts";
import { planningDevice } from "../deployments/facts-queries.ts";
import { loadFacts } from "../deployments/load-facts.ts";
import {
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  clockAt,
  deploy,
  PRODUCT,
} from "../deployments/fleet.fixture.ts";
import { asOperator, eventBodies, planningEpoch } from "../devices/test-fleet.fixture.ts";
import { createGroupHandlers } from "../groups/index.ts";
import { DIALECTS } from "../platform/dialect.ts";
import { newId } from "../platform/new-id.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { deleteReleaseRows } from "../releases/queries.ts";
import { createSafeguard } from "./change-safeguards.ts";
import { createSafeguardHandlers } from "./operations.ts";

const handlers = createSafeguardHandlers({ clock: clockAt(TEST_NOW) });
const plain = { params: undefined, query: undefined, body: undefined } as const;
const NOTE = "The modem is lost";

describe.each(DIALECTS)("safeguards of a release on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  const scene = async (draws: readonly number[] = [7]) => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, draws);
    return { db, ids, releaseId: await addRelease(db, "2.0") };
  };
  const modem = (db: TenantDb, deviceId: DeviceId, value: string) =>
    db.transaction(async ({ kysely }) => {
      await kysely
        .insertInto("device_attribute")
        .values({
          tenant_id: db.tenantId,
          product: PRODUCT,
          device_id: deviceId,
          name: "modem",
          value,
          order_key: orderKey(value),
        })
        .execute();
    });
  const create = (db: TenantDb, releaseId: ReleaseId, query: string): Promise<Safeguard> =>
    handlers.createSafeguard(asOperator(db), {
      ...plain,
      params: { releaseId },
      body: { query, note: NOTE },
    });
  const lift = (db: TenantDb, safeguardId: SafeguardId): Promise<Safeguard> =>
    handlers.liftSafeguard(asOperator(db), { ...plain, params: { safeguardId } });
  const list = async (db: TenantDb, releaseId: ReleaseId) =>
    (await handlers.listSafeguards(asOperator(db), { ...plain, params: { releaseId } })).items;

  test("devices like it are not offered the release by any deployment, until it is lifted", async () => {
    const { db, ids, releaseId } = await scene([7, 8]);
    const [lost, fine] = [present(ids[0], "two"), present(ids[1], "two")];
    await modem(db, lost, "EC25");
    const made = await create(db, releaseId, "inventory.modem = EC25");
    const first = await deploy(db, releaseId);
    const second = await deploy(db, releaseId);
    const kept = { kind: "safeguard", safeguardId: made.id, note: NOTE };
    expect(await checkIn(db, lost)).toMatchObject({
      kind: "nothing-to-do",
      reasons: [
        { ...kept, deploymentId: second.id },
        { ...kept, deploymentId: first.id },
      ],
    });
    expect(await checkIn(db, fine)).toMatchObject({ kind: "install" });
    await lift(db, made.id);
    expect(await checkIn(db, lost)).toMatchObject({ kind: "install" });
  });

  test("what was offered and not begun is taken back by one that comes later", async () => {
    const { db, ids, releaseId } = await scene();
    const deviceId = present(ids[0], "one was added");
    const { id: deploymentId } = await deploy(db, releaseId);
    expect(await checkIn(db, deviceId)).toMatchObject({ kind: "install" });
    await create(db, releaseId, "running = 1.0");
    expect(await checkIn(db, deviceId)).toMatchObject({
      kind: "nothing-to-do",
      reasons: [{ kind: "safeguard", deploymentId }],
    });
  });

  test("preview, waiting counts and the answer to why agree", async () => {
    const { db, ids, releaseId } = await scene([5, 6, 7]);
    const lost = present(ids[0], "three were added");
    await modem(db, lost, "EC25");
    const older = await addRelease(db, "1.5");
    const below = await deploy(db, older);
    await create(db, releaseId, "inventory.modem = EC25");
    const deployment = await deploy(db, releaseId);
    const request = { releaseId, target: { kind: "all" }, plan: deployment.plan } as const;
    expect(await previewDeployment(db, request, TEST_NOW)).toMatchObject({
      targeted: 3,
      gets: 2,
      cannot: [{ kind: "safeguard", count: 1, samples: [{ id: lost }] }],
    });
    expect(await waitingReasons(db, deployment, TEST_NOW)).toEqual([
      expect.objectContaining({ kind: "next-check-in", count: 2 }),
      {
        kind: "safeguard",
        count: 1,
        sentence: `1 device is kept from the release by a safeguard (${NOTE}).`,
      },
    ]);
    // The older one has it: the newer one leaves the device alone.
    expect(await waitingReasons(db, below, TEST_NOW)).toEqual([
      expect.objectContaining({ kind: "superseded", count: 2 }),
      expect.objectContaining({ kind: "next-check-in", count: 1 }),
    ]);
    const device = present(await planningDevice(db, lost), "the device exists");
    expect(explain(await loadFacts(db, device, null, TEST_NOW, "with-others")).summary).toBe(
      "The device is offered 1.5 at its next check-in.",
    );
  });

  test("they are told, listed and lifted once", async () => {
    const { db, releaseId } = await scene();
    const before = await planningEpoch(db);
    const first = await create(db, releaseId, "running  =  1.0");
    const second = await createSafeguard(
      db,
      releaseId,
      { query: "running = 1.1", note: NOTE },
      "Ada",
      { clock: clockAt(instant(TEST_NOW + 1)) },
    );
    expect(first).toMatchObject({ query: "running = 1.0", liftedAt: null });
    expect(await planningEpoch(db)).toBeGreaterThan(before);
    expect((await list(db, releaseId)).map(({ id }) => id)).toEqual([first.id, second.id]);

    const lifted = await lift(db, first.id);
    expect(lifted.liftedAt).not.toBeNull();
    expect((await list(db, releaseId)).map(({ id }) => id)).toEqual([second.id, first.id]);
    await expect(lift(db, first.id)).rejects.toMatchObject({ code: "state-conflict" });
    expect((await eventBodies(db)).slice(-3)).toMatchObject([
      { kind: "safeguard-created" },
      { kind: "safeguard-created" },
      { kind: "safeguard-lifted", safeguardId: first.id },
    ]);
  });

  test("a group that one asks for stays, and a release goes with its safeguards", async () => {
    const { db, releaseId } = await scene();
    const groups = createGroupHandlers({ clock: clockAt(TEST_NOW) });
    const { id: groupId } = await groups.createGroup(asOperator(db), {
      ...plain,
      body: { name: "canary", product: PRODUCT },
    });
    const deleteGroup = () => groups.deleteGroup(asOperator(db), { ...plain, params: { groupId } });
    const { id } = await create(db, releaseId, "NOT group = canary");
    await expect(deleteGroup()).rejects.toMatchObject({
      code: "in-use",
      message: expect.stringContaining("A safeguard of the release 2.0") as string,
    });
    await lift(db, id);
    await deleteGroup();
    await db.transaction((inner) => deleteReleaseRows(inner, releaseId));
    const left = await db.kysely
      .selectFrom("safeguard")
      .select("id")
      .where("tenant_id", "=", db.tenantId)
      .execute();
    expect(left).toEqual([]);
  });

  test("what is not there, too much of it, and what is no query is refused", async () => {
    const { db, releaseId } = await scene();
    const nothing = { code: "not-found" };
    await expect(create(db, newId<ReleaseId>(), "running = 1.0")).rejects.toMatchObject(nothing);
    await expect(lift(db, newId<SafeguardId>())).rejects.toMatchObject(nothing);
    const other = await store.newTenant();
    const made = await create(db, releaseId, "running = 1.0");
    await expect(lift(other, made.id)).rejects.toMatchObject(nothing);
    await expect(list(other, releaseId)).rejects.toMatchObject(nothing);
    for (let count = 1; count < 10; count += 1) await create(db, releaseId, `running = ${count}`);
    await expect(create(db, releaseId, "running = 1.0")).rejects.toMatchObject({
      code: "state-conflict",
    });
  });
});
