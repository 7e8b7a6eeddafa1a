import { instant, present } from "@moult/base";
import type { DeviceId } from "@moult/model";
import { explain } from "@moult/planner";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { silentLog, TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { changeDeployment } from "./change-deployment.ts";
import { waitingReasons } from "./explain-waiting.ts";
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
import { createDeploymentTender } from "./tend-deployments.ts";

describe.each(DIALECTS)("priorities on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  /** An urgent deployment to the first two of four devices, and a newer one to all. */
  const scene = async (urgentPriority = 9, laterPriority = 5) => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, [11, 12, 13, 14]);
    const urgent = await deploy(db, await addRelease(db, "2.1"), {
      target: { kind: "devices", deviceIds: ids.slice(0, 2) },
      plan: { priority: urgentPriority },
    });
    const later = await deploy(db, await addRelease(db, "3.0"), {
      plan: { priority: laterPriority },
    });
    return { db, ids, first: present(ids[0], "four were added"), urgent, later };
  };
  const take = async (db: TenantDb, deviceId: DeviceId, version: string) => {
    const plan = await checkIn(db, deviceId);
    expect(plan).toMatchObject({ kind: "install", offer: { artifactName: version } });
    await setRunning(db, deviceId, version);
    await report(db, deviceId, plan, [finished("succeeded", version)]);
  };
  const why = async (db: TenantDb, deviceId: DeviceId) => {
    const device = present(await planningDevice(db, deviceId), "the device exists");
    return explain(await loadFacts(db, device, null, TEST_NOW, "with-others"));
  };

  test("a device of both takes the urgent release first, and the newer one once that deployment is over", async () => {
    const { db, ids, first, urgent, later } = await scene();
    await take(db, first, "2.1");

    const waits = await checkIn(db, first);
    expect(waits).toMatchObject({ kind: "nothing-to-do" });
    const { reasons } = await why(db, first);
    expect(reasons.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining([
        {
          kind: "superseded",
          deploymentId: later.id,
          byDeploymentId: urgent.id,
          because: "higher-priority",
        },
      ]),
    );
    expect(reasons.map(({ sentence }) => sentence)).toContain(
      "A deployment of higher priority decides for this device.",
    );

    await take(db, present(ids[1], "four were added"), "2.1");
    expect(await refreshed(db, urgent.id)).toMatchObject({ state: "finished" });
    await take(db, first, "3.0");
  });

  test("who is none of the urgent one's takes the other at once, and both counts of who waits know it", async () => {
    const { db, ids, urgent, later } = await scene();

    expect(await waitingReasons(db, later, TEST_NOW)).toEqual([
      { kind: "next-check-in", count: 2, sentence: expect.anything() as unknown },
      {
        kind: "superseded",
        count: 2,
        sentence: "2 devices are taken over by a deployment of higher priority.",
      },
    ]);
    expect(await waitingReasons(db, urgent, TEST_NOW)).toMatchObject([
      { kind: "next-check-in", count: 2 },
    ]);
    await take(db, present(ids[3], "four were added"), "3.0");
  });

  test("while it stands still, it keeps what it brought, and leaves those that it did not reach", async () => {
    const { db, ids, first, urgent, later } = await scene();
    await take(db, first, "2.1");
    await changeDeployment(db, urgent.id, "pause", "Ada", { clock: clockAt(TEST_NOW) });

    expect(await checkIn(db, first)).toMatchObject({ kind: "nothing-to-do" });
    expect(await waitingReasons(db, later, TEST_NOW)).toMatchObject([
      { kind: "next-check-in", count: 3 },
      { kind: "superseded", count: 1 },
    ]);
    await take(db, present(ids[1], "four were added"), "3.0");
    // Going on, it takes that device to its own release: it is the one that goes first.
    await changeDeployment(db, urgent.id, "resume", "Ada", { clock: clockAt(TEST_NOW) });
    await take(db, present(ids[1], "four were added"), "2.1");
    expect(await refreshed(db, urgent.id)).toMatchObject({ state: "finished" });
  });

  test("one that others have taken every device from ends, whichever of them was newer or more urgent", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, [31, 32]);
    const [one, other] = [present(ids[0], "two were added"), present(ids[1], "two were added")];
    const first = await deploy(db, await addRelease(db, "2.1"));
    await take(db, one, "2.1");
    const second = await deploy(db, await addRelease(db, "3.0"), { plan: { priority: 9 } });
    await take(db, one, "3.0");
    expect(await refreshed(db, first.id)).toMatchObject({ state: "running" });
    await take(db, other, "3.0");
    expect(await refreshed(db, second.id)).toMatchObject({ state: "finished" });

    const tender = createDeploymentTender({
      clock: clockAt(instant(TEST_NOW + 1)),
      log: silentLog,
    });
    await tender.tend(db);
    expect(await refreshed(db, first.id)).toMatchObject({ state: "finished" });
  });

  test("a preview says which deployments go first, and which ones it would go before", async () => {
    const { db, urgent, later } = await scene();
    const releaseId = await addRelease(db, "4.0");
    const preview = (priority: number) =>
      previewDeployment(
        db,
        {
          releaseId,
          target: { kind: "all" },
          plan: { ...later.plan, priority },
        },
        TEST_NOW,
      );

    const taken = { deploymentId: later.id, name: later.name, count: 4 };
    const first = { deploymentId: urgent.id, name: urgent.name, count: 2 };
    expect(await preview(5)).toMatchObject({ takesOverFrom: [taken], yieldsTo: [first] });
    expect(await preview(9)).toMatchObject({ takesOverFrom: [taken, first], yieldsTo: [] });
    expect(await preview(0)).toMatchObject({
      takesOverFrom: [],
      yieldsTo: [taken, first],
    });
  });

  test("what takes devices back is as urgent as what brought them there", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const [good, bad] = await addDevices(db, [21, 22]);
    await addRelease(db, "1.0");
    const urgent = await deploy(db, await addRelease(db, "2.1"), {
      plan: {
        priority: 9,
        stages: [{ size: { remaining: true }, errorStop: { count: 1 } }],
        onTrip: "roll-back",
      },
    });
    await take(db, present(good, "two were added"), "2.1");
    const plan = await checkIn(db, present(bad, "two were added"));
    await report(db, present(bad, "two were added"), plan, [finished("failed", "1.0")]);
    expect(await refreshed(db, urgent.id)).toMatchObject({ state: "tripped" });

    await createDeploymentTender({ clock: clockAt(TEST_NOW), log: silentLog }).tend(db);
    expect(await checkIn(db, present(good, "two were added"))).toMatchObject({
      kind: "install",
      offer: { artifactName: "1.0" },
    });
  });
});
