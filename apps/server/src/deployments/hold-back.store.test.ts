import { present } from "@moult/base";
import { Plan, type DeploymentId, type DeploymentTarget, type DeviceId } from "@moult/model";
import { explain, PLACES } from "@moult/planner";
import { describe, expect, test } from "vitest";
import { asOperator } from "../devices/test-fleet.fixture.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { countAll } from "./census-queries.ts";
import { planningDevice } from "./facts-queries.ts";
import {
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
import { rollBack } from "./roll-back.ts";

const clock = clockAt(TEST_NOW);
const deployments = createDeploymentHandlers({ clock });
const TENTH: DeploymentTarget = { kind: "all", holdBackPercent: 10 };
/** With the salt 1 a device's draw is its place: these are spread over all places. */
const drawsOf = (count: number) =>
  Array.from({ length: count }, (_, index) => Math.floor(((index + 0.5) / count) * PLACES));

describe.each(DIALECTS)("a share of the target that is held back, on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const fleet = async (size: number) => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, drawsOf(size));
    return { db, ids, releaseId: await addRelease(db, "2.0") };
  };
  const undraw = (db: TenantDb, id: DeploymentId) =>
    db.transaction((inner) =>
      inner.kysely.updateTable("deployment").set({ salt: 1 }).where("id", "=", id).execute(),
    );
  const why = async (db: TenantDb, deviceId: DeviceId) => {
    const device = present(await planningDevice(db, deviceId), "the device exists");
    return explain(await loadFacts(db, device, null, TEST_NOW)).reasons.map(({ reason }) => reason);
  };
  const about = (deploymentId: DeploymentId) => ({
    params: { deploymentId },
    query: undefined,
    body: undefined,
  });

  test("is offered nothing, is counted apart, is never sent ahead, and holds no stage up", async () => {
    const { db, ids, releaseId } = await fleet(20);
    const { id } = await deploy(db, releaseId, {
      target: TENTH,
      plan: { stages: [{ size: { percent: 50 } }, { size: { remaining: true } }] },
    });
    await undraw(db, id);
    const held = ids.slice(18);

    expect(await deployments.showDeployment(asOperator(db), about(id))).toMatchObject({
      target: TENTH,
      tally: { eligible: 18 },
      heldBack: 2,
    });
    const { waiting } = await deployments.showDeploymentProgress(asOperator(db), about(id));
    expect(new Map(waiting.map(({ kind, count }) => [kind, count]))).toEqual(
      new Map([
        ["next-check-in", 9],
        ["stage-not-reached", 9],
        ["held-back-share", 2],
      ]),
    );

    for (let round = 0; round < 2; round += 1)
      for (const deviceId of ids) {
        const answer = await checkIn(db, deviceId);
        if (answer.kind === "install")
          await report(db, deviceId, answer, [finished("succeeded", "2.0")]);
      }
    for (const deviceId of held)
      expect(await why(db, deviceId)).toEqual([{ kind: "no-deployment" }]);
    expect(await refreshed(db, id)).toMatchObject({ state: "finished", counts: { succeeded: 18 } });
  });

  test("says so, leaves the device to an older deployment, and refuses to send it ahead", async () => {
    const { db, ids, releaseId } = await fleet(10);
    const { id } = await deploy(db, releaseId, { target: TENTH });
    await undraw(db, id);
    const last = present(ids[9], "the device exists");
    expect(await why(db, last)).toEqual([
      { kind: "held-back-share", deploymentId: id, percent: 10 },
    ]);
    await expect(orderDevice(db, id, last, "force", "Ada", { clock })).rejects.toMatchObject({
      code: "state-conflict",
      detail: expect.stringContaining("holds back"),
    });

    const newer = await deploy(db, await addRelease(db, "3.0"), { target: TENTH });
    await undraw(db, newer.id);
    expect((await why(db, last)).map(({ kind }) => kind)).toEqual([
      "held-back-share",
      "held-back-share",
    ]);
    const { waiting } = await deployments.showDeploymentProgress(asOperator(db), about(id));
    expect(waiting).toMatchObject([
      { kind: "superseded", count: 9 },
      { kind: "held-back-share", count: 1 },
    ]);
    await deploy(db, await addRelease(db, "2.5"), {
      target: { kind: "devices", deviceIds: [last] },
    });
    expect(await checkIn(db, last)).toMatchObject({ offer: { artifactName: "2.5" } });
  });

  test("is told about before: in the numbers, and where it could hold nobody back", async () => {
    const { db, releaseId } = await fleet(20);
    const plan = Plan.parse({
      stages: [{ size: { percent: 50 } }, { size: { remaining: true } }],
    });
    const tenth = await previewDeployment(db, { releaseId, target: TENTH, plan }, TEST_NOW);
    expect(tenth).toMatchObject({
      targeted: 20,
      gets: 18,
      cannot: [{ kind: "held-back-share", count: 2 }],
      stages: [{ deviceCount: 9 }, { deviceCount: 9 }],
      trust: { "end-to-end": 18 },
    });
    expect(tenth.findings.map(({ field }) => field)).not.toContain("target.holdBackPercent");
    const target: DeploymentTarget = { kind: "all", holdBackPercent: 4 };
    const few = await previewDeployment(db, { releaseId, target, plan }, TEST_NOW);
    expect(few.findings).toContainEqual({
      severity: "warning",
      field: "target.holdBackPercent",
      sentence: "4 % of 20 devices is less than one: it may well hold nobody back.",
    });
  });

  test("is never everybody, however few the devices are", async () => {
    const { db, releaseId } = await fleet(1);
    const target: DeploymentTarget = { kind: "all", holdBackPercent: 90 };
    const { id } = await deploy(db, releaseId, { target });
    expect(await deployments.showDeployment(asOperator(db), about(id))).toMatchObject({
      tally: { eligible: 1 },
      heldBack: 0,
    });
  });

  test("of a large target leaves the shares of the stages to the others", async () => {
    const { db, ids, releaseId } = await fleet(1_200);
    const { id } = await deploy(db, releaseId, {
      target: TENTH,
      plan: {
        stages: [{ size: { percent: 10 } }, { size: { remaining: true } }],
        limits: { concurrentMax: 1_000 },
      },
    });
    await undraw(db, id);
    const record = { ...(await refreshed(db, id)), census: null };
    const census = await countAll(db, record, TEST_NOW);
    expect(census).toMatchObject({ eligible: 1_080, heldBack: 120, belowThreshold: [108, 1_080] });
    await db.transaction((inner) =>
      inner.kysely
        .updateTable("deployment")
        .set({ census: JSON.stringify(census) })
        .where("id", "=", id)
        .execute(),
    );

    const { waiting } = await deployments.showDeploymentProgress(asOperator(db), about(id));
    expect(waiting.map(({ kind, count }) => [kind, count])).toEqual([
      ["stage-not-reached", 972],
      ["held-back-share", 120],
      ["next-check-in", 108],
    ]);
    const kinds = [];
    for (const at of [0, 107, 108, 1_079, 1_080, 1_199])
      kinds.push((await checkIn(db, present(ids[at], "the device exists"))).kind);
    expect(kinds).toEqual([
      "install",
      "install",
      "nothing-to-do",
      "nothing-to-do",
      "nothing-to-do",
      "nothing-to-do",
    ]);
  });

  test("is no part of what takes a release back: whoever was updated goes back", async () => {
    const { db, ids, releaseId } = await fleet(20);
    await addRelease(db, "1.0");
    const { id } = await deploy(db, releaseId, {
      target: { kind: "all", holdBackPercent: 50 },
      plan: {
        stages: [{ size: { remaining: true }, errorStop: { count: 1 } }],
        onTrip: "roll-back",
      },
    });
    await undraw(db, id);
    const [good, bad] = ids as [DeviceId, DeviceId];
    for (const [deviceId, outcome] of [
      [good, "succeeded"],
      [bad, "failed"],
    ] as const) {
      const answer = await checkIn(db, deviceId);
      await report(db, deviceId, answer, [
        finished(outcome, outcome === "succeeded" ? "2.0" : "1.0", "it-broke"),
      ]);
    }
    const tripped = await refreshed(db, id);
    expect(tripped.state).toBe("tripped");
    await rollBack(db, tripped, TEST_NOW);
    const {
      rollback: { by },
    } = await deployments.showDeployment(asOperator(db), about(id));
    expect(by).toHaveLength(1);
    const back = await deployments.showDeployment(
      asOperator(db),
      about(present(by[0], "there is one")),
    );
    expect(back).toMatchObject({ heldBack: 0, tally: { eligible: 1 } });
    expect(back.target.holdBackPercent).toBeUndefined();
    await db.transaction((inner) =>
      inner.kysely
        .updateTable("device")
        .set({ running_artifact: "2.0" })
        .where("id", "=", good)
        .execute(),
    );
    expect(await checkIn(db, good)).toMatchObject({ offer: { artifactName: "1.0" } });
  });
});
