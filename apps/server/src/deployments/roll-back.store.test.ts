import { instant, present, type InstantMs } from "@moult/base";
import type { DeploymentId, DeviceId, OnTrip } from "@moult/model";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { silentLog, TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { changeDeployment } from "./change-deployment.ts";
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
  setRunning,
} from "./fleet.fixture.ts";
import { previewDeployment } from "./preview-deployment.ts";
import { deploymentById } from "./queries.ts";
import { rollbacksOf } from "./rollback-queries.ts";
import { createDeploymentTender } from "./tend-deployments.ts";

const at = (seconds: number): InstantMs => instant(TEST_NOW + seconds * 1_000);
const countUp = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe.each(DIALECTS)("deployments that roll back, on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  async function fleet(size: number) {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, countUp(size));
    const before = await addRelease(db, "1.0");
    return { db, ids, before, bad: await addRelease(db, "2.0") };
  }

  const tripping = (onTrip: OnTrip) => ({
    stages: [{ size: { remaining: true as const }, errorStop: { count: 1 } }],
    onTrip,
  });

  const tend = (db: TenantDb, seconds: number) =>
    createDeploymentTender({ clock: clockAt(at(seconds)), log: silentLog }).tend(db);

  async function update(db: TenantDb, id: DeviceId, to: string, seconds: number) {
    const plan = await checkIn(db, id, { at: at(seconds) });
    await report(db, id, plan, [finished("succeeded", to)], at(seconds));
    await setRunning(db, id, to);
    return plan;
  }

  async function failOne(db: TenantDb, id: DeviceId, seconds: number) {
    const plan = await checkIn(db, id, { at: at(seconds) });
    await report(db, id, plan, [finished("rolled-back", "1.0")], at(seconds));
  }

  const takenBackBy = async (db: TenantDb, id: DeploymentId) => {
    const ids = (await rollbacksOf(db, [id])).get(id) ?? [];
    return Promise.all(
      ids.map(async (each) => present(await deploymentById(db, each), "it exists")),
    );
  };

  test("take every device back to what it ran before, those that succeed later too, once on many servers", async () => {
    const { db, ids, bad } = await fleet(5);
    await addRelease(db, "1.1");
    const [first, other, late, failing, untouched] = ids as [
      DeviceId,
      DeviceId,
      DeviceId,
      DeviceId,
      DeviceId,
    ];
    await setRunning(db, other, "1.1");
    const plan = { ...tripping("roll-back"), limits: { concurrentMax: 7, bytesPerDay: 30_000 } };
    const { id } = await deploy(db, bad, { plan });
    await update(db, first, "2.0", 1);
    await update(db, other, "2.0", 2);
    const latePlan = await checkIn(db, late, { at: at(3) });
    await report(db, late, latePlan, [{ kind: "installing", sequence: 1 }], at(3));
    await failOne(db, failing, 4);
    expect(await refreshed(db, id)).toMatchObject({ state: "tripped" });

    await Promise.all([tend(db, 5), tend(db, 5), tend(db, 5)]);

    const by = await takenBackBy(db, id);
    expect(by.map(({ version }) => version).toSorted()).toEqual(["1.0", "1.1"]);
    for (const back of by)
      expect(back.plan.limits, "a way back waits for no bytes").toEqual({ concurrentMax: 7 });
    expect(await checkIn(db, untouched, { at: at(6) })).toMatchObject({ kind: "nothing-to-do" });
    expect(await update(db, first, "1.0", 7)).toMatchObject({ offer: { artifactName: "1.0" } });
    expect(await update(db, other, "1.1", 8)).toMatchObject({ offer: { artifactName: "1.1" } });
    for (const { id: backId } of by)
      expect(await refreshed(db, backId)).toMatchObject({ state: "finished", rollbackOf: id });

    await report(db, late, latePlan, [finished("succeeded", "2.0")], at(9));
    await setRunning(db, late, "2.0");
    await tend(db, 10);
    expect(await update(db, late, "1.0", 11)).toMatchObject({ offer: { artifactName: "1.0" } });
    await tend(db, 12);
    expect(await takenBackBy(db, id)).toHaveLength(3);
  });

  test("take every device back to a named release, and add nobody once they go on", async () => {
    const { db, ids, bad } = await fleet(3);
    const good = await addRelease(db, "1.9");
    const [first, second, failing] = ids as [DeviceId, DeviceId, DeviceId];
    const { id } = await deploy(db, bad, { plan: tripping({ rollBackTo: good }) });
    await update(db, first, "2.0", 1);
    const secondPlan = await checkIn(db, second, { at: at(2) });
    await report(db, second, secondPlan, [{ kind: "installing", sequence: 1 }], at(2));
    await failOne(db, failing, 3);
    await tend(db, 4);
    expect(await checkIn(db, first, { at: at(5) })).toMatchObject({
      offer: { artifactName: "1.9" },
    });

    await changeDeployment(db, id, "resume", "Ada", { clock: clockAt(at(6)) });
    await report(db, second, secondPlan, [finished("succeeded", "2.0")], at(7));
    await setRunning(db, second, "2.0");
    await tend(db, 8);

    expect(await takenBackBy(db, id)).toHaveLength(1);
    expect(await checkIn(db, second, { at: at(9) })).toMatchObject({ kind: "nothing-to-do" });
  });

  test("are not created where some device could not go back, and say which and why", async () => {
    const { db, ids, bad } = await fleet(3);
    await setRunning(db, present(ids[0], "a device"), "factory");
    const request = { releaseId: bad, target: { kind: "all" as const } };

    const refused = deploy(db, bad, { plan: tripping("roll-back") });

    const sentence =
      "1 device that runs factory could not be rolled back: no release factory with an artifact for them is here.";
    await expect(refused).rejects.toMatchObject({
      code: "rollback-impossible",
      message: expect.stringContaining(sentence) as string,
    });
    const plan = (await deploy(db, bad, { plan: tripping("pause") })).plan;
    const preview = await previewDeployment(
      db,
      { ...request, plan: { ...plan, onTrip: "roll-back" } },
      TEST_NOW,
    );
    expect(preview.findings).toContainEqual({
      severity: "error",
      field: "plan.onTrip",
      sentence,
    });
  });

  test("refuse to go back to a release that is older than what the update makes devices demand", async () => {
    const { db, before, bad } = await fleet(2);
    const counters = [
      [before, 1],
      [bad, 2],
    ] as const;
    await db.transaction(async (inner) => {
      for (const [releaseId, counter] of counters)
        await inner.kysely
          .updateTable("trust_target")
          .set({ security_counter: counter, conflicts: "{}" })
          .where("artifact_id", "in", (row) =>
            row.selectFrom("artifact").select("id").where("release_id", "=", releaseId),
          )
          .execute();
    });

    await expect(deploy(db, bad, { plan: tripping({ rollBackTo: before }) })).rejects.toMatchObject(
      {
        code: "rollback-impossible",
        message: expect.stringContaining("security counter 1") as string,
      },
    );
  });

  test("a plan that only pauses lets whoever has the offer go on", async () => {
    const { db, ids, bad } = await fleet(2);
    const [going, failing] = ids as [DeviceId, DeviceId];
    const { id } = await deploy(db, bad, { plan: tripping("pause") });
    const plan = await checkIn(db, going);
    await failOne(db, failing, 1);

    await tend(db, 2);

    expect(await refreshed(db, id)).toMatchObject({ state: "tripped" });
    expect(await checkIn(db, going, { at: at(3) })).toEqual(plan);
    expect(await takenBackBy(db, id)).toEqual([]);
  });
});
