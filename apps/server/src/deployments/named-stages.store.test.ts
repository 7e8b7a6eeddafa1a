import { present } from "@moult/base";
import {
  Plan,
  type DeploymentId,
  type DeviceId,
  type Group,
  type GroupId,
  type StageSize,
} from "@moult/model";
import { explain, PLACES } from "@moult/planner";
import { describe, expect, test } from "vitest";
import { recordInventory } from "../devices/index.ts";
import { asOperator } from "../devices/test-fleet.fixture.ts";
import { createGroupHandlers } from "../groups/index.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { countAll } from "./census-queries.ts";
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
import { createDeploymentHandlers } from "./operations.ts";
import { orderDevice } from "./order-device.ts";
import { previewDeployment } from "./preview-deployment.ts";

const clock = clockAt(TEST_NOW);
const groups = createGroupHandlers({ clock });
const deployments = createDeploymentHandlers({ clock });
const EU = { query: "inventory.region = eu" };
const stagesOf = (...sizes: StageSize[]) => ({
  stages: [...sizes, { remaining: true as const }].map((size) => ({ size })),
});
const about = (deploymentId: DeploymentId) => ({
  params: { deploymentId },
  query: undefined,
  body: undefined,
});
const aboutGroup = ({ id }: Group) => ({ params: { groupId: id }, query: undefined });

describe.each(DIALECTS)("stages by group and by query on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  /** With the salt 1 a device's draw is its place. */
  const fleet = async (size: number) => {
    const db = await store.newTenant();
    await addProduct(db);
    const draws = Array.from({ length: size }, (_, at) => Math.floor(((at + 0.5) / size) * PLACES));
    return { db, ids: await addDevices(db, draws), releaseId: await addRelease(db, "2.0") };
  };
  const createGroup = (db: TenantDb, name: string, query?: string): Promise<Group> =>
    groups.createGroup(asOperator(db), {
      params: undefined,
      query: undefined,
      body: { name, product: PRODUCT, query },
    });
  const put = (db: TenantDb, group: Group, deviceIds: DeviceId[]) =>
    groups.addToGroup(asOperator(db), { ...aboutGroup(group), body: { deviceIds } });
  const takeOut = (db: TenantDb, group: Group, deviceIds: DeviceId[]) =>
    groups.removeFromGroup(asOperator(db), { ...aboutGroup(group), body: { deviceIds } });
  const inEurope = async (db: TenantDb, deviceIds: readonly DeviceId[]) => {
    for (const id of deviceIds)
      await db.transaction((inner) => recordInventory(inner, id, { region: "eu" }, TEST_NOW));
  };
  const undraw = (db: TenantDb, id: DeploymentId) =>
    db.transaction((inner) =>
      inner.kysely.updateTable("deployment").set({ salt: 1 }).where("id", "=", id).execute(),
    );
  const why = async (db: TenantDb, deviceId: DeviceId) => {
    const device = present(await planningDevice(db, deviceId), "the device exists");
    return explain(await loadFacts(db, device, null, TEST_NOW)).reasons[0]?.reason;
  };
  const kindOf = async (db: TenantDb, deviceId: DeviceId) => (await checkIn(db, deviceId)).kind;
  const waitingOf = async (db: TenantDb, id: DeploymentId) => {
    const { waiting } = await deployments.showDeploymentProgress(asOperator(db), about(id));
    return Object.fromEntries(waiting.map(({ sentence, count }) => [sentence, count]));
  };
  const succeeds = async (db: TenantDb, deviceId: DeviceId) => {
    const answer = await checkIn(db, deviceId);
    expect(answer.kind).toBe("install");
    await report(db, deviceId, answer, [finished("succeeded", "2.0")]);
    await db.transaction((inner) =>
      inner.kysely
        .updateTable("device")
        .set({ running_artifact: "2.0" })
        .where("id", "=", deviceId)
        .execute(),
    );
  };
  const stageOf = async (db: TenantDb, id: DeploymentId) => (await refreshed(db, id)).stage;

  test("come first, whatever their devices' places, and are a part of the shares after them", async () => {
    const { db, ids, releaseId } = await fleet(20);
    const lab = await createGroup(db, "lab");
    await put(db, lab, ids.slice(18));
    await inEurope(db, ids.slice(16, 19));
    const plan = Plan.parse(stagesOf({ groupId: lab.id }, EU, { percent: 50 }));
    const target = { kind: "all" } as const;
    expect(await previewDeployment(db, { releaseId, target, plan }, TEST_NOW)).toMatchObject({
      stages: [{ deviceCount: 2 }, { deviceCount: 2 }, { deviceCount: 6 }, { deviceCount: 10 }],
    });
    const { id } = await deploy(db, releaseId, { plan });
    await undraw(db, id);
    expect(await deployments.showDeployment(asOperator(db), about(id))).toMatchObject({
      stageDevices: [2, 2, 6, 10],
      nextStage: "Stage 2 opens when 2 devices have succeeded (0 so far).",
    });
    expect(await waitingOf(db, id)).toEqual({
      "2 devices get it at their next check-ins.": 2,
      "2 devices have their turn in stage 2.": 2,
      "6 devices have their turn in stage 3.": 6,
      "10 devices have their turn in stage 4.": 10,
    });

    const offered: number[][] = [];
    for (let stage = 0; stage < 4; stage += 1) {
      const now = [];
      for (const [index, deviceId] of ids.entries())
        if ((await checkIn(db, deviceId)).kind === "install") now.push(index);
      offered.push(now);
      for (const index of now) await succeeds(db, present(ids[index], "it was offered it"));
    }
    expect(offered).toEqual([
      [18, 19],
      [16, 17],
      [0, 1, 2, 3, 4, 5],
      [6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    ]);
    expect((await refreshed(db, id)).state).toBe("finished");
  });

  test("have whom their group has then: who comes is let in, who goes waits, who was admitted stays", async () => {
    const { db, ids, releaseId } = await fleet(6);
    const lab = await createGroup(db, "lab");
    const [one, two, three] = ids as [DeviceId, DeviceId, DeviceId];
    await put(db, lab, [one, two]);
    const { id } = await deploy(db, releaseId, {
      plan: { ...stagesOf({ groupId: lab.id }), retry: { attemptsMax: 2 } },
    });
    const first = await checkIn(db, one);
    expect(first.kind).toBe("install");

    await takeOut(db, lab, [one, two]);
    expect(await why(db, two)).toMatchObject({ kind: "stage-not-reached", admittedInStage: 1 });
    await report(db, one, first, [finished("failed", "1.0", "disk-full")]);
    expect(await checkIn(db, one)).toMatchObject({ offer: { attempt: 2 } });

    await put(db, lab, [three]);
    expect(await kindOf(db, three)).toBe("install");
    expect(await kindOf(db, two)).toBe("nothing-to-do");
    // Nobody who is sent ahead takes a place from those that are named.
    await orderDevice(db, id, two, "force", "Ada", { clock });
    expect(await kindOf(db, two)).toBe("install");
    await put(db, lab, [present(ids[3], "there are six")]);
    expect(await kindOf(db, present(ids[3], "there are six"))).toBe("install");
    expect(await stageOf(db, id)).toBe(0);
  });

  test("by what devices run are not lost when they run the new release", async () => {
    const { db, ids, releaseId } = await fleet(4);
    const { id } = await deploy(db, releaseId, {
      plan: stagesOf({ query: "running = 1.0 AND inventory.region = eu" }),
    });
    await inEurope(db, ids.slice(0, 2));
    await succeeds(db, present(ids[0], "there are four"));
    expect(await stageOf(db, id)).toBe(0);
    expect(await kindOf(db, present(ids[2], "there are four"))).toBe("nothing-to-do");
    await succeeds(db, present(ids[1], "there are four"));
    expect(await stageOf(db, id)).toBe(1);
  });

  test("whose group is emptied hold the next stage until a person opens it, and their group is not deleted", async () => {
    const { db, ids, releaseId } = await fleet(3);
    const lab = await createGroup(db, "lab");
    const [one, two] = ids as [DeviceId, DeviceId];
    await put(db, lab, [one]);
    const { id } = await deploy(db, releaseId, { plan: stagesOf({ groupId: lab.id }) });
    await takeOut(db, lab, [one]);

    for (const deviceId of ids) expect(await kindOf(db, deviceId)).toBe("nothing-to-do");
    expect(await stageOf(db, id)).toBe(0);
    expect(await deployments.showDeployment(asOperator(db), about(id))).toMatchObject({
      stageDevices: [0, 3],
      nextStage: "Stage 2 opens once a person opens it: no device of the target is in stage 1.",
    });
    await expect(
      groups.deleteGroup(asOperator(db), { ...aboutGroup(lab), body: undefined }),
    ).rejects.toMatchObject({ code: "in-use" });
    await deployments.advanceDeployment(asOperator(db), { ...about(id), body: { stage: 0 } });
    expect(await kindOf(db, two)).toBe("install");
  });

  test("of a group by query follow it, and a query that asks for a group keeps that one", async () => {
    const { db, ids, releaseId } = await fleet(3);
    const lab = await createGroup(db, "lab");
    const [one, two] = ids as [DeviceId, DeviceId];
    await put(db, lab, [two]);
    const dynamic = await createGroup(db, "europe", EU.query);
    await inEurope(db, [one]);
    await deploy(db, releaseId, {
      plan: stagesOf({ groupId: dynamic.id }, { query: "group = lab" }),
    });
    expect(await why(db, two)).toMatchObject({ kind: "stage-not-reached", admittedInStage: 1 });
    await groups.changeGroup(asOperator(db), {
      ...aboutGroup(dynamic),
      body: { query: "NOT inventory.region = eu" },
    });
    expect(await why(db, one)).toMatchObject({ kind: "stage-not-reached", admittedInStage: 2 });
    expect(await kindOf(db, two)).toBe("install");
    await expect(
      groups.deleteGroup(asOperator(db), { ...aboutGroup(lab), body: undefined }),
    ).rejects.toMatchObject({ code: "in-use" });
  });

  test("of a large target are counted, and places fill the shares after them", async () => {
    const { db, ids, releaseId } = await fleet(1_200);
    const lab = await createGroup(db, "lab");
    await put(db, lab, ids.slice(1_140));
    const { id } = await deploy(db, releaseId, {
      plan: {
        ...stagesOf({ groupId: lab.id }, { percent: 10 }, { count: 300 }),
        limits: { concurrentMax: 1_000 },
      },
    });
    await undraw(db, id);
    const record = { ...(await refreshed(db, id)), census: null };
    const census = await countAll(db, record, TEST_NOW);
    expect(census).toMatchObject({
      eligible: 1_200,
      named: [60],
      belowThreshold: [60, expect.any(Number), 300, 1_200],
    });
    // Sixty of the group and sixty of 1,140 others: their places say about how many.
    expect(Math.abs((census.belowThreshold[1] ?? 0) - 120)).toBeLessThan(5);
    await db.transaction((inner) =>
      inner.kysely
        .updateTable("deployment")
        .set({ census: JSON.stringify(census) })
        .where("id", "=", id)
        .execute(),
    );
    const counts = Object.values(await waitingOf(db, id));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1_200);
    expect(counts).toContain(60);
    expect(await kindOf(db, present(ids[1_199], "it exists"))).toBe("install");
    expect(await why(db, present(ids[0], "it exists"))).toMatchObject({ admittedInStage: 1 });
    expect(await why(db, present(ids[150], "it exists"))).toMatchObject({ admittedInStage: 2 });
    expect(await why(db, present(ids[900], "it exists"))).toMatchObject({ admittedInStage: 3 });
  });

  test("that name nobody, or nothing of the product, are told of before", async () => {
    const { db, releaseId } = await fleet(3);
    const lab = await createGroup(db, "lab");
    const target = { kind: "all" } as const;
    const plan = Plan.parse(stagesOf({ groupId: lab.id }));
    const { findings } = await previewDeployment(db, { releaseId, target, plan }, TEST_NOW);
    expect(findings).toContainEqual({
      severity: "warning",
      field: "plan.stages.0.size",
      sentence:
        "Stage 1 has no device of its own: nothing is tried in it, and the next stage opens only when a person opens it.",
    });
    const nobodys = "0198c0de-0001-7000-8000-000000000001" as GroupId;
    await expect(
      deploy(db, releaseId, { plan: stagesOf({ groupId: nobodys }) }),
    ).rejects.toMatchObject({ code: "not-found" });
    const elsewhere = await createGroup((await fleet(1)).db, "theirs");
    await expect(
      deploy(db, releaseId, { plan: stagesOf({ groupId: elsewhere.id }) }),
    ).rejects.toMatchObject({ code: "not-found" });
  });
});
