import { present } from "@moult/base";
import { Plan, type DeviceId, type Group } from "@moult/model";
import { explain } from "@moult/planner";
import { describe, expect, test } from "vitest";
import { recordInventory, recordRunning } from "../devices/index.ts";
import { asOperator, planningEpoch } from "../devices/test-fleet.fixture.ts";
import { createGroupHandlers } from "../groups/index.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { censusOf } from "./census-queries.ts";
import { eligibleCounts } from "./eligible-count-queries.ts";
import { planningDevice } from "./facts-queries.ts";
import {
  PRODUCT,
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  clockAt,
  deploy,
  finished,
  refreshed,
  report,
} from "./fleet.fixture.ts";
import { loadFacts } from "./load-facts.ts";
import { previewDeployment } from "./preview-deployment.ts";
import { waitingDevicesPage } from "./waiting-devices.ts";

const countUp = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const groups = createGroupHandlers({ clock: clockAt(TEST_NOW) });

const createGroup = (db: TenantDb, query: string | undefined, name = "by query"): Promise<Group> =>
  groups.createGroup(asOperator(db), {
    params: undefined,
    query: undefined,
    body: { name, product: PRODUCT, query },
  });
const changeGroup = (db: TenantDb, { id }: Group, body: { name?: string; query?: string }) =>
  groups.changeGroup(asOperator(db), { params: { groupId: id }, query: undefined, body });
const deleteGroup = (db: TenantDb, { id }: Group) =>
  groups.deleteGroup(asOperator(db), {
    params: { groupId: id },
    query: undefined,
    body: undefined,
  });
const showGroup = (db: TenantDb, { id }: Group) =>
  groups.showGroup(asOperator(db), { params: { groupId: id }, query: undefined, body: undefined });
const put = (db: TenantDb, { id }: Group, deviceIds: DeviceId[]) =>
  groups.addToGroup(asOperator(db), {
    params: { groupId: id },
    query: undefined,
    body: { deviceIds },
  });

const reports = (db: TenantDb, deviceId: DeviceId, inventory: Record<string, string>) =>
  db.transaction((inner) => recordInventory(inner, deviceId, inventory, TEST_NOW));
const runs = (db: TenantDb, deviceId: DeviceId, artifactName: string) =>
  db.transaction((inner) =>
    recordRunning(inner, deviceId, { artifactName, provides: {} }, TEST_NOW),
  );
const isDecided = async (db: TenantDb, deviceId: DeviceId): Promise<boolean> => {
  const row = await db.kysely
    .selectFrom("device")
    .select("decided_epoch")
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .executeTakeFirstOrThrow();
  return row.decided_epoch >= 0;
};

describe.each(DIALECTS)("deployments to groups by query on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const fleet = async (devices: number) => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, countUp(devices));
    return { db, ids, releaseId: await addRelease(db, "2.0") };
  };
  const kindOf = async (db: TenantDb, deviceId: DeviceId) => (await checkIn(db, deviceId)).kind;
  const why = async (db: TenantDb, deviceId: DeviceId) => {
    const device = present(await planningDevice(db, deviceId), "the device exists");
    return explain(await loadFacts(db, device, null, TEST_NOW, "with-others"));
  };
  const toGroup = ({ id }: Group) => ({ target: { kind: "group", groupId: id } as const });

  test("a device is a target while the query is true of it, and not before it reported", async () => {
    const { db, ids, releaseId } = await fleet(3);
    const [eu, us, quiet] = ids as [DeviceId, DeviceId, DeviceId];
    await reports(db, eu, { region: "eu" });
    await reports(db, us, { region: "us" });
    const group = await createGroup(db, "inventory.region = eu");
    const deployment = await deploy(db, releaseId, toGroup(group));

    expect(await kindOf(db, us)).toBe("nothing-to-do");
    expect(await kindOf(db, quiet)).toBe("nothing-to-do");
    expect((await why(db, us)).reasons).toMatchObject([{ reason: { kind: "not-in-target" } }]);
    expect(await kindOf(db, eu)).toBe("install");

    await reports(db, quiet, { region: "eu" });
    expect(await kindOf(db, quiet)).toBe("install");
    expect(await censusOf(db, await refreshed(db, deployment.id), TEST_NOW)).toEqual({
      kind: "exact",
      eligible: 2,
    });
    expect((await showGroup(db, group)).deviceCount).toBe(2);
  });

  test("what changes a device's groups makes it be decided again: its inventory and its release", async () => {
    const { db, ids } = await fleet(1);
    const [deviceId] = ids as [DeviceId];
    const decide = () =>
      db.transaction((inner) =>
        inner.kysely
          .updateTable("device")
          .set({ decided_epoch: 5 })
          .where("tenant_id", "=", db.tenantId)
          .where("id", "=", deviceId)
          .execute(),
      );

    for (const change of [
      () => reports(db, deviceId, { region: "eu" }),
      () => runs(db, deviceId, "1.1"),
    ]) {
      await decide();
      await change();
      expect(await isDecided(db, deviceId)).toBe(false);
    }
    await decide();
    await reports(db, deviceId, { region: "eu" });
    expect(await isDecided(db, deviceId)).toBe(true);
  });

  test("who was admitted stays in, and the share of a stage does not shrink with each device that is updated", async () => {
    const { db, ids, releaseId } = await fleet(10);
    for (const deviceId of ids) await runs(db, deviceId, "1.0");
    const group = await createGroup(db, "running < 2.0");
    const { id } = await deploy(db, releaseId, {
      ...toGroup(group),
      plan: { stages: [{ size: { percent: 50 } }, { size: { percent: 100 } }] },
    });

    let offered = 0;
    for (const deviceId of ids) {
      const plan = await checkIn(db, deviceId);
      if (plan.kind !== "install") continue;
      offered += 1;
      await report(db, deviceId, plan, [finished("succeeded", "2.0")]);
      const now = await refreshed(db, id);
      expect((await censusOf(db, now, TEST_NOW)).eligible).toBe(10);
      expect((await eligibleCounts(db, [now])).get(id)).toBe(10);
    }

    expect(offered).toBeGreaterThanOrEqual(5);
    for (const deviceId of ids) {
      const plan = await checkIn(db, deviceId);
      if (plan.kind === "install") await report(db, deviceId, plan, [finished("succeeded", "2.0")]);
    }
    expect(await refreshed(db, id)).toMatchObject({
      state: "finished",
      counts: { succeeded: 10, open: 0 },
    });
    expect((await showGroup(db, group)).deviceCount).toBe(0);
  });

  test("a query that is changed while a deployment runs counts from then on", async () => {
    const { db, ids, releaseId } = await fleet(3);
    const [one, two, three] = ids as [DeviceId, DeviceId, DeviceId];
    for (const [deviceId, ring] of [
      [one, "1"],
      [two, "2"],
      [three, "3"],
    ] as const)
      await reports(db, deviceId, { ring });
    const group = await createGroup(db, "inventory.ring <= 1");
    const { id } = await deploy(db, releaseId, toGroup(group));
    const over = await deploy(db, releaseId, toGroup(group));
    await db.transaction((inner) =>
      inner.kysely
        .updateTable("deployment")
        .set({ state: "finished" })
        .where("id", "=", over.id)
        .execute(),
    );
    const offer = await checkIn(db, one);
    expect(await kindOf(db, two)).toBe("nothing-to-do");
    const epoch = await planningEpoch(db);

    await changeGroup(db, group, { query: "inventory.ring = 2" });

    expect(await planningEpoch(db)).toBe(epoch + 1);
    // Who has its place keeps it, whatever becomes of the target.
    expect(await checkIn(db, one)).toEqual(offer);
    expect(await kindOf(db, two)).toBe("install");
    expect(await kindOf(db, three)).toBe("nothing-to-do");
    const queryOf = async (of: typeof id) => {
      const { target } = await refreshed(db, of);
      return target.kind === "group" && target.query?.kind === "condition"
        ? target.query.operator
        : undefined;
    };
    expect(await queryOf(id)).toBe("=");
    // What is over stays as it was.
    expect(await queryOf(over.id)).toBe("<=");
  });

  test("what a deployment would do, and who waits for it, is counted by the query", async () => {
    const { db, ids, releaseId } = await fleet(4);
    for (const deviceId of ids.slice(0, 3)) await reports(db, deviceId, { region: "eu" });
    const group = await createGroup(db, "inventory.region = eu");
    const plan = Plan.parse({ stages: [{ size: { percent: 100 } }] });
    const { target } = toGroup(group);

    const preview = await previewDeployment(db, { releaseId, target, plan }, TEST_NOW);
    expect(preview).toMatchObject({ targeted: 3, gets: 3 });

    const deployment = await deploy(db, releaseId, {
      target,
      plan: { limits: { concurrentMax: 1 } },
    });
    await checkIn(db, present(ids[0], "a device"));
    const { items } = await waitingDevicesPage(db, deployment, undefined, 10, TEST_NOW);
    expect(items.map(({ id }) => id).toSorted()).toEqual(ids.slice(1, 3).toSorted());
  });

  test("in a large product few devices of a query are not counted anew for each device that asks", async () => {
    const { db, ids, releaseId } = await fleet(10_001);
    const chosen = ids.slice(0, 3);
    for (const deviceId of chosen) await reports(db, deviceId, { region: "eu" });
    const group = await createGroup(db, "inventory.region = eu");
    const { id } = await deploy(db, releaseId, {
      ...toGroup(group),
      plan: { stages: [{ size: { percent: 50 } }, { size: { percent: 100 } }] },
    });

    const deployment = await refreshed(db, id);
    expect(deployment.census).toMatchObject({ eligible: 3 });
    expect(await censusOf(db, deployment, TEST_NOW)).toMatchObject({
      kind: "estimated",
      eligible: 3,
    });
    const offers = [];
    for (const deviceId of chosen) offers.push(await kindOf(db, deviceId));
    expect(offers).toContain("install");
    expect(offers).toContain("nothing-to-do");
    expect(await kindOf(db, present(ids[5], "a device of another region"))).toBe("nothing-to-do");
  });

  test("a group that a deployment targets is renamed freely, and not deleted", async () => {
    const { db, ids, releaseId } = await fleet(1);
    await reports(db, present(ids[0], "a device"), { region: "eu" });
    const group = await createGroup(db, "inventory.region = eu");
    await deploy(db, releaseId, toGroup(group));

    expect(await changeGroup(db, group, { name: "europe" })).toMatchObject({
      name: "europe",
      query: "inventory.region = eu",
    });
    await expect(deleteGroup(db, group)).rejects.toMatchObject({ code: "in-use" });
    expect(await kindOf(db, present(ids[0], "a device"))).toBe("install");
  });

  test("a group by list that a query asks for keeps its name, or NOT would be true of all at once", async () => {
    const { db, ids, releaseId } = await fleet(2);
    const [held, other] = ids as [DeviceId, DeviceId];
    const canary = await createGroup(db, undefined, "canary");
    await put(db, canary, [held]);
    const rest = await createGroup(db, "NOT group = can*", "the rest");
    await deploy(db, releaseId, toGroup(rest));

    for (const refused of [deleteGroup(db, canary), changeGroup(db, canary, { name: "birds" })])
      await expect(refused).rejects.toMatchObject({
        code: "in-use",
        detail: expect.stringContaining('"the rest"'),
      });
    expect(await kindOf(db, held)).toBe("nothing-to-do");
    expect(await kindOf(db, other)).toBe("install");

    await changeGroup(db, rest, { query: "name:*" });
    expect(await changeGroup(db, canary, { name: "birds" })).toMatchObject({ name: "birds" });
    await deleteGroup(db, canary);
  });

  test("the devices of a query are of the group's product, and of its tenant", async () => {
    const [ours, theirs] = [await fleet(2), await fleet(3)];
    const group = await createGroup(ours.db, "NOT name = nobody");

    expect((await showGroup(ours.db, group)).deviceCount).toBe(2);
    const notThere = { code: "not-found" };
    await expect(changeGroup(theirs.db, group, { query: "id:*" })).rejects.toMatchObject(notThere);
    await expect(deploy(theirs.db, theirs.releaseId, toGroup(group))).rejects.toMatchObject(
      notThere,
    );
  });
});
