import { instant, present } from "@moult/base";
import {
  HardwareType,
  Plan,
  type DeploymentId,
  type DeploymentTarget,
  type DeviceId,
  type Group,
} from "@moult/model";
import { explain } from "@moult/planner";
import { describe, expect, test } from "vitest";
import { recordInventory } from "../devices/index.ts";
import { setHardwareType } from "../devices/queries.ts";
import { asOperator } from "../devices/test-fleet.fixture.ts";
import { createGroupHandlers } from "../groups/index.ts";
import { DIALECTS } from "../platform/dialect.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { silentLog, TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { createDeployment } from "./create-deployment.ts";
import { planningDevice } from "./facts-queries.ts";
import {
  ADA,
  HARDWARE,
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
import { createDeploymentHandlers } from "./operations.ts";
import { orderDevice } from "./order-device.ts";
import { previewDeployment } from "./preview-deployment.ts";

const clock = clockAt(TEST_NOW);
const groups = createGroupHandlers({ clock });
const deployments = createDeploymentHandlers({ clock });
const plan = Plan.parse({ stages: [{ size: { remaining: true } }] });

const createGroup = (db: TenantDb, name: string, query?: string): Promise<Group> =>
  groups.createGroup(asOperator(db), {
    params: undefined,
    query: undefined,
    body: { name, product: PRODUCT, query },
  });
const about = ({ id }: Group) => ({ params: { groupId: id }, query: undefined });
const put = (db: TenantDb, group: Group, deviceIds: DeviceId[]) =>
  groups.addToGroup(asOperator(db), { ...about(group), body: { deviceIds } });
const takeOut = (db: TenantDb, group: Group, deviceIds: DeviceId[]) =>
  groups.removeFromGroup(asOperator(db), { ...about(group), body: { deviceIds } });
const reports = (db: TenantDb, deviceId: DeviceId, inventory: Record<string, string>) =>
  db.transaction((inner) => recordInventory(inner, deviceId, inventory, TEST_NOW));
const becomes = (db: TenantDb, deviceId: DeviceId, hardwareType: HardwareType) =>
  db.transaction(async (inner) => {
    await setHardwareType(inner, deviceId, hardwareType);
    await raisePlanningEpoch(inner);
  });
const show = (db: TenantDb, deploymentId: DeploymentId) =>
  deployments.showDeployment(asOperator(db), {
    params: { deploymentId },
    query: undefined,
    body: undefined,
  });

describe.each(DIALECTS)("what narrows targets on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const fleet = async (size: number) => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(
      db,
      Array.from({ length: size }, (_, index) => index + 1),
    );
    return { db, ids, releaseId: await addRelease(db, "2.0") };
  };
  const kindOf = async (db: TenantDb, deviceId: DeviceId | undefined) =>
    (await checkIn(db, present(deviceId, "the device exists"))).kind;
  const why = async (db: TenantDb, deviceId: DeviceId | undefined) => {
    const device = present(
      await planningDevice(db, present(deviceId, "it exists")),
      "the device exists",
    );
    return explain(await loadFacts(db, device, null, TEST_NOW, "with-others")).reasons[0]?.reason;
  };
  const enrolledLater = (db: TenantDb, deviceId: DeviceId) =>
    db.transaction((inner) =>
      inner.kysely
        .updateTable("device")
        .set({ enrolled_at: TEST_NOW + 1 })
        .where("id", "=", deviceId)
        .execute(),
    );

  test("a deployment to all that is frozen is for nobody who enrols later, and says why", async () => {
    const { db, ids, releaseId } = await fleet(2);
    const { id } = await deploy(db, releaseId, { target: { kind: "all", membership: "frozen" } });
    const [late] = (await addDevices(db, [9])) as [DeviceId];
    await enrolledLater(db, late);

    expect(await kindOf(db, late)).toBe("nothing-to-do");
    expect(await why(db, late)).toMatchObject({ kind: "not-in-target", because: "frozen" });
    expect(await kindOf(db, ids[0])).toBe("install");
    expect(await show(db, id)).toMatchObject({
      target: { kind: "all", membership: "frozen" },
      tally: { eligible: 2 },
    });
  });

  test("a frozen group is who was in it, whoever joins or leaves and whatever its query becomes", async () => {
    const { db, ids, releaseId } = await fleet(3);
    const [member, leaver, joiner] = ids as [DeviceId, DeviceId, DeviceId];
    const listed = await createGroup(db, "listed");
    await put(db, listed, [member, leaver]);
    const queried = await createGroup(db, "queried", "inventory.region = eu");
    for (const deviceId of [member, leaver]) await reports(db, deviceId, { region: "eu" });
    const frozen = ({ id: groupId }: Group): DeploymentTarget => ({
      kind: "group",
      groupId,
      membership: "frozen",
    });
    const toListed = await deploy(db, releaseId, { target: frozen(listed) });
    const toQueried = await deploy(db, await addRelease(db, "3.0"), { target: frozen(queried) });

    await takeOut(db, listed, [leaver]);
    await put(db, listed, [joiner]);
    await reports(db, leaver, { region: "us" });
    await reports(db, joiner, { region: "eu" });
    await groups.changeGroup(asOperator(db), {
      ...about(queried),
      body: { query: "inventory.region = us" },
    });

    expect(await kindOf(db, joiner)).toBe("nothing-to-do");
    expect(await why(db, joiner)).toMatchObject({ kind: "not-in-target", because: "frozen" });
    for (const deviceId of [member, leaver])
      expect(await checkIn(db, deviceId)).toMatchObject({ offer: { artifactName: "3.0" } });
    for (const { id } of [toListed, toQueried])
      expect(await show(db, id)).toMatchObject({ tally: { eligible: 2 } });
  });

  test("a group too large to be written down is refused whole, with what to do", async () => {
    const { db, releaseId } = await fleet(3);
    const target = { kind: "query", query: "id:*", membership: "frozen" } as const;
    const create = (frozenMax: number) =>
      createDeployment(db, { releaseId, target, plan }, ADA, {
        clock,
        log: silentLog,
        frozenMax,
      });

    await expect(create(2)).rejects.toMatchObject({
      code: "target-too-large",
      detail: expect.stringContaining("Let it be live"),
    });
    expect(
      await db.kysely
        .selectFrom("deployment_device")
        .selectAll()
        .where("tenant_id", "=", db.tenantId)
        .execute(),
    ).toEqual([]);
    await create(3);
  });

  test("devices that a target leaves out are offered nothing, are not counted and cannot be sent ahead", async () => {
    const { db, ids, releaseId } = await fleet(6);
    const [byName, byGroup, byQuery, byDynamic, member] = ids as DeviceId[] as [
      DeviceId,
      DeviceId,
      DeviceId,
      DeviceId,
      DeviceId,
    ];
    const listed = await createGroup(db, "listed");
    await put(db, listed, [byGroup]);
    const dynamic = await createGroup(db, "dynamic", "inventory.ring = slow");
    await reports(db, byDynamic, { ring: "slow" });
    await reports(db, byQuery, { region: "us" });
    const target: DeploymentTarget = {
      kind: "all",
      exclude: {
        groupIds: [listed.id, dynamic.id],
        deviceIds: [byName],
        query: "inventory.region = us",
      },
    };

    const previewed = await previewDeployment(db, { releaseId, target, plan }, TEST_NOW);
    expect(previewed).toMatchObject({ targeted: 2, gets: 2 });
    const { id } = await deploy(db, releaseId, { target });
    expect(await show(db, id)).toMatchObject({ target, tally: { eligible: 2 } });
    const progress = await deployments.showDeploymentProgress(asOperator(db), {
      params: { deploymentId: id },
      query: undefined,
      body: undefined,
    });
    expect(progress.waiting).toMatchObject([{ kind: "next-check-in", count: 2 }]);

    for (const deviceId of [byName, byGroup, byQuery, byDynamic]) {
      expect(await kindOf(db, deviceId)).toBe("nothing-to-do");
      expect(await why(db, deviceId)).toMatchObject({ kind: "not-in-target", because: "excluded" });
      await expect(orderDevice(db, id, deviceId, "force", "Ada", { clock })).rejects.toMatchObject({
        code: "state-conflict",
      });
    }
    expect(await kindOf(db, member)).toBe("install");
  });

  test("an exclusion is as devices are now: who comes into it gets no offer, who was admitted goes on", async () => {
    const { db, ids, releaseId } = await fleet(3);
    const [admitted, later, last] = ids as [DeviceId, DeviceId, DeviceId];
    const listed = await createGroup(db, "listed");
    const dynamic = await createGroup(db, "dynamic", "inventory.ring = slow");
    const { id } = await deploy(db, releaseId, {
      target: { kind: "all", exclude: { groupIds: [listed.id, dynamic.id] } },
      plan: { retry: { attemptsMax: 2 } },
    });
    const first = await checkIn(db, admitted);
    expect(first).toMatchObject({ offer: { attempt: 1 } });

    await put(db, listed, [admitted, later]);
    await report(db, admitted, first, [finished("failed", "1.0", "disk-full")]);
    expect(await checkIn(db, admitted)).toMatchObject({ offer: { attempt: 2 } });
    expect(await kindOf(db, later)).toBe("nothing-to-do");

    await takeOut(db, listed, [later]);
    expect(await kindOf(db, later)).toBe("install");

    await reports(db, last, { ring: "fast" });
    await groups.changeGroup(asOperator(db), {
      ...about(dynamic),
      body: { query: "inventory.ring = fast" },
    });
    expect(await kindOf(db, last)).toBe("nothing-to-do");
    for (const group of [listed, dynamic])
      await expect(
        groups.deleteGroup(asOperator(db), { ...about(group), body: undefined }),
      ).rejects.toMatchObject({ code: "in-use" });
    expect((await refreshed(db, id)).counts).toMatchObject({ admitted: 2 });
  });

  test("a deployment that excludes what it brings devices to counts those that it brought there, and finishes", async () => {
    const { db, ids, releaseId } = await fleet(2);
    const { id } = await deploy(db, releaseId, {
      target: { kind: "all", exclude: { query: "running = 2.0" } },
      plan: { stages: [{ size: { count: 1 } }, { size: { remaining: true } }] },
    });
    for (let round = 1; round <= 2; round += 1)
      for (const deviceId of ids) {
        const answer = await checkIn(db, deviceId, { at: instant(TEST_NOW + round) });
        if (answer.kind === "install")
          await report(db, deviceId, answer, [finished("succeeded", "2.0")]);
      }
    expect(await refreshed(db, id)).toMatchObject({ state: "finished", counts: { succeeded: 2 } });
  });

  test("a device that becomes other hardware in the middle loses its offer, and gets what fits the new one", async () => {
    const { db, ids, releaseId } = await fleet(1);
    const [device] = ids as [DeviceId];
    const { id } = await deploy(db, releaseId, { plan: { retry: { attemptsMax: 2 } } });
    expect(await checkIn(db, device)).toMatchObject({ offer: { artifactName: "2.0" } });

    await becomes(db, device, HardwareType.parse("another-board"));
    expect(await kindOf(db, device)).toBe("nothing-to-do");
    expect(await why(db, device)).toMatchObject({
      kind: "no-artifact-for-hardware",
      deploymentId: id,
      hardwareType: "another-board",
    });

    await becomes(db, device, HARDWARE);
    expect(await checkIn(db, device)).toMatchObject({ offer: { artifactName: "2.0", attempt: 2 } });
  });

  test("an exclusion of another product's devices or groups is refused", async () => {
    const { db, releaseId } = await fleet(1);
    const elsewhere = await fleet(1);
    const group = await createGroup(elsewhere.db, "theirs");
    for (const exclude of [{ deviceIds: elsewhere.ids }, { groupIds: [group.id] }])
      await expect(
        deploy(db, releaseId, { target: { kind: "all", exclude } }),
      ).rejects.toMatchObject({ code: "not-found" });
  });
});
