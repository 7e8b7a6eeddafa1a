import { present } from "@moult/base";
import type { DeviceId, ReleaseId } from "@moult/model";
import { explain } from "@moult/planner";
import { describe, expect, test } from "vitest";
import { eventBodies, planningEpoch } from "../devices/test-fleet.fixture.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { changeRelease, releaseOrRefusal } from "../releases/index.ts";
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
  setRunning,
} from "./fleet.fixture.ts";
import { loadFacts } from "./load-facts.ts";
import { previewDeployment } from "./preview-deployment.ts";
import { waitingReasons } from "./explain-waiting.ts";

const deps = { clock: clockAt(TEST_NOW) };

describe.each(DIALECTS)("releases that ask what a device runs, on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  const scene = async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const [deviceId] = await addDevices(db, [7]);
    return { db, deviceId: present(deviceId, "one was added") };
  };
  const rule = (
    db: TenantDb,
    releaseId: ReleaseId,
    change: { readonly minimumFrom?: string | null; readonly mustPassThrough?: boolean },
  ) => changeRelease(db, releaseId, change as never, "Ada", deps);
  const reasonsOf = async (db: TenantDb, deviceId: DeviceId) => {
    const device = present(await planningDevice(db, deviceId), "the device exists");
    const { reasons } = explain(await loadFacts(db, device, null, TEST_NOW, "with-others"));
    return reasons.map(({ reason }) => reason);
  };

  test("a device is led through a release that must be passed through, deployment by deployment", async () => {
    const { db, deviceId } = await scene();
    const [step, last] = [await addRelease(db, "2.0"), await addRelease(db, "3.0")];
    await rule(db, step, { mustPassThrough: true });
    const toLast = await deploy(db, last);
    expect(await checkIn(db, deviceId)).toMatchObject({
      kind: "nothing-to-do",
      reasons: [{ kind: "must-pass-through", version: "2.0", runs: "1.0" }],
    });
    await rule(db, step, { mustPassThrough: false });
    const direct = await checkIn(db, deviceId);
    expect(direct).toMatchObject({ kind: "install", offer: { artifactName: "3.0" } });

    // It has not begun: the rule that comes back takes the offer back, and the place is kept.
    await rule(db, step, { mustPassThrough: true });
    expect(await checkIn(db, deviceId)).toMatchObject({
      reasons: [{ kind: "must-pass-through", deploymentId: toLast.id }],
    });
  });

  test("the older deployment brings the step, and the newer one goes on from it", async () => {
    const { db, deviceId } = await scene();
    const [step, last] = [await addRelease(db, "2.0"), await addRelease(db, "3.0")];
    await rule(db, step, { mustPassThrough: true });
    await rule(db, last, { minimumFrom: "1.5" });
    await deploy(db, step);
    await deploy(db, last);
    for (const version of ["2.0", "3.0"]) {
      const plan = await checkIn(db, deviceId);
      expect(plan).toMatchObject({ kind: "install", offer: { artifactName: version } });
      await report(db, deviceId, plan, [finished("succeeded", version)]);
      await setRunning(db, deviceId, version);
    }
    expect((await reasonsOf(db, deviceId)).map(({ kind }) => kind)).not.toContain(
      "must-pass-through",
    );
  });

  test("a step that is deployed afterwards leads to the deployment that waits for it, which ends with them all", async () => {
    const { db, deviceId } = await scene();
    const [other] = await addDevices(db, [8]);
    const [step, last] = [await addRelease(db, "2.0"), await addRelease(db, "3.0")];
    await rule(db, step, { mustPassThrough: true });
    const toLast = await deploy(db, last);
    const request = { releaseId: last, target: { kind: "all" }, plan: toLast.plan } as const;
    const found = async () => (await previewDeployment(db, request, TEST_NOW)).findings;
    expect((await found()).map(({ sentence }) => sentence)).toContain(
      "2 devices have to run 2.0 before 3.0, and no running deployment brings it.",
    );
    await deploy(db, step);
    expect((await found()).map(({ field }) => field)).not.toContain("target");
    expect((await found()).filter(({ sentence }) => sentence.includes("no running"))).toEqual([]);
    const take = async (id: DeviceId, version: string): Promise<void> => {
      const plan = await checkIn(db, id);
      expect(plan).toMatchObject({ kind: "install", offer: { artifactName: version } });
      await setRunning(db, id, version);
      await report(db, id, plan, [finished("succeeded", version)]);
    };
    await take(deviceId, "2.0");
    await take(deviceId, "3.0");
    await take(present(other, "one was added"), "2.0");
    const waiting = await waitingReasons(db, await refreshed(db, toLast.id), TEST_NOW);
    expect(waiting).toMatchObject([{ kind: "next-check-in", count: 1 }]);
    expect(await refreshed(db, toLast.id)).toMatchObject({ state: "running" });
    await take(present(other, "one was added"), "3.0");
    expect(await refreshed(db, toLast.id)).toMatchObject({ state: "finished" });
    expect(await checkIn(db, deviceId)).toMatchObject({ kind: "nothing-to-do" });
  });

  test("preview, waiting counts and the answer to why name the same rule", async () => {
    const { db, deviceId } = await scene();
    const others = await addDevices(db, [8, 9]);
    for (const other of others) await setRunning(db, other, "1.6");
    const release = await addRelease(db, "2.0");
    await rule(db, release, { minimumFrom: "1.5" });
    const deployment = await deploy(db, release);
    const plan = deployment.plan;
    const preview = await previewDeployment(
      db,
      { releaseId: release, target: { kind: "all" }, plan },
      TEST_NOW,
    );
    expect(preview).toMatchObject({ gets: 2, cannot: [{ kind: "minimum-version", count: 1 }] });
    const sentence = "1 device runs 1.0, and the release is for those that run 1.5 or later.";
    expect(preview.cannot.map((each) => each.sentence)).toEqual([sentence]);
    expect(await waitingReasons(db, deployment, TEST_NOW)).toEqual([
      expect.objectContaining({ kind: "next-check-in", count: 2 }),
      { kind: "minimum-version", count: 1, sentence },
    ]);
    expect(await reasonsOf(db, deviceId)).toEqual([
      { kind: "minimum-version", deploymentId: deployment.id, minimumFrom: "1.5", runs: "1.0" },
    ]);
  });

  test("names that are no versions stand in the order of their releases", async () => {
    const { db, deviceId } = await scene();
    const names = ["aurora", "borealis", "corona"];
    const ids: ReleaseId[] = [];
    for (const [at, name] of names.entries()) {
      const id = await addRelease(db, name);
      await db.transaction(async ({ kysely }) => {
        await kysely
          .updateTable("release")
          .set({ created_at: TEST_NOW + at })
          .where("id", "=", id)
          .execute();
      });
      ids.push(id);
    }
    const [, second, third] = ids as [ReleaseId, ReleaseId, ReleaseId];
    await rule(db, third, { minimumFrom: "borealis" });
    const { id: deploymentId } = await deploy(db, third);
    await setRunning(db, deviceId, "aurora");
    expect(await reasonsOf(db, deviceId)).toMatchObject([
      { kind: "minimum-version", deploymentId, runs: "aurora" },
    ]);
    await setRunning(db, deviceId, "borealis");
    expect(await checkIn(db, deviceId)).toMatchObject({ offer: { artifactName: "corona" } });
    await expect(rule(db, second, { minimumFrom: "corona" })).rejects.toMatchObject({
      code: "release-rule-invalid",
    });
  });

  test("a rule that nobody could meet is refused, and a change of rules is told", async () => {
    const { db } = await scene();
    const release = await addRelease(db, "2.0");
    for (const minimumFrom of ["2.0", "v2.0.0", "3.1", "unheard-of"])
      await expect(rule(db, release, { minimumFrom })).rejects.toMatchObject({
        code: "release-rule-invalid",
      });
    const epoch = await planningEpoch(db);
    expect(await releaseOrRefusal(db, release)).toMatchObject({ minimumFrom: null });

    await rule(db, release, { minimumFrom: "1.9", mustPassThrough: true });
    expect(await releaseOrRefusal(db, release)).toMatchObject({
      minimumFrom: "1.9",
      mustPassThrough: true,
    });
    expect((await eventBodies(db)).at(-1)).toMatchObject({
      kind: "release-rules-changed",
      minimumFrom: "1.9",
      by: "Ada",
    });
    const changed = await planningEpoch(db);
    expect(changed).toBeGreaterThan(epoch);
    await rule(db, release, { minimumFrom: "1.9" });
    expect(await planningEpoch(db)).toBe(changed);
    await rule(db, release, { minimumFrom: null });
    expect(await releaseOrRefusal(db, release)).toMatchObject({
      minimumFrom: null,
      mustPassThrough: true,
    });
  });

  test("a rule of one channel or product is none of another's", async () => {
    const { db, deviceId } = await scene();
    const [step, last] = [await addRelease(db, "2.0"), await addRelease(db, "3.0")];
    await rule(db, step, { mustPassThrough: true });
    await db.transaction(async ({ kysely }) => {
      await kysely
        .updateTable("release")
        .set({ channel: "dev" as never })
        .where("id", "=", step)
        .execute();
    });
    await deploy(db, last);
    expect(await checkIn(db, deviceId)).toMatchObject({ offer: { artifactName: "3.0" } });
  });
});
