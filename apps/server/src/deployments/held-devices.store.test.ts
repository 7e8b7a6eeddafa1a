import { instant, later, type InstantMs } from "@moult/base";
import { Plan, type DeviceId } from "@moult/model";
import { describe, expect, test } from "vitest";
import { createDeviceHandlers } from "../devices/index.ts";
import { asOperator, eventBodies } from "../devices/test-fleet.fixture.ts";
import { DIALECTS } from "../platform/dialect.ts";
import { TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import {
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  clockAt,
  deploy,
  refreshed,
} from "./fleet.fixture.ts";
import { createDeploymentHandlers } from "./operations.ts";
import { previewDeployment } from "./preview-deployment.ts";

const HOUR_SECONDS = 3_600;
const plan = Plan.parse({ stages: [{ size: { remaining: true } }] });

describe.each(DIALECTS)("devices that a person holds, on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  async function fleet(size: number) {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(
      db,
      Array.from({ length: size }, (_, index) => index + 1),
    );
    return { db, ids, releaseId: await addRelease(db, "2.0") };
  }
  const devicesAt = (at: InstantMs) =>
    createDeviceHandlers({
      clock: clockAt(at),
      checkInSeconds: 60,
      closeOpenAssignment: () => Promise.resolve(),
    });
  const hold = (db: TenantDb, deviceId: DeviceId, forSeconds?: number) =>
    devicesAt(TEST_NOW).holdDevice(asOperator(db), {
      params: { deviceId },
      query: undefined,
      body: { note: "on the bench", ...(forSeconds === undefined ? {} : { forSeconds }) },
    });
  const release = (db: TenantDb, deviceId: DeviceId, at = TEST_NOW) =>
    devicesAt(at).releaseDevice(asOperator(db), {
      params: { deviceId },
      query: undefined,
      body: undefined,
    });

  test("are offered nothing until they are released, which the timeline tells once", async () => {
    const { db, ids, releaseId } = await fleet(1);
    const [deviceId] = ids as [DeviceId];
    await deploy(db, releaseId);

    expect(await hold(db, deviceId)).toMatchObject({
      hold: { note: "on the bench", by: "Olga", until: null },
    });
    expect(await checkIn(db, deviceId)).toMatchObject({
      kind: "nothing-to-do",
      reasons: [{ kind: "device-held", note: "on the bench", by: "Olga", until: null }],
      until: null,
    });

    expect(await release(db, deviceId)).toMatchObject({ hold: null });
    await release(db, deviceId);
    expect(await checkIn(db, deviceId)).toMatchObject({ kind: "install" });
    expect((await eventBodies(db, deviceId)).slice(0, -1)).toEqual([
      { kind: "device-held", note: "on the bench", until: null, by: "Olga" },
      { kind: "device-released", by: "Olga" },
    ]);
  });

  test("for a time are offered the release when it is over, and are shown as held no longer", async () => {
    const { db, ids, releaseId } = await fleet(1);
    const [deviceId] = ids as [DeviceId];
    await deploy(db, releaseId);
    await hold(db, deviceId, HOUR_SECONDS);
    const over = later(TEST_NOW, HOUR_SECONDS * 1_000);

    expect(await checkIn(db, deviceId, { at: instant(over - 1) })).toMatchObject({ until: over });
    expect(await checkIn(db, deviceId, { at: over })).toMatchObject({ kind: "install" });
    const shown = await devicesAt(over).showDevice(asOperator(db), {
      params: { deviceId },
      query: undefined,
      body: undefined,
    });
    expect(shown.hold).toBeNull();
    await release(db, deviceId, over);
    expect(await eventBodies(db, deviceId)).not.toContainEqual({
      kind: "device-released",
      by: "Olga",
    });
  });

  test("give back an offer that they have not begun, and its place among those in the update", async () => {
    const { db, ids, releaseId } = await fleet(2);
    const [deviceId, other] = ids as [DeviceId, DeviceId];
    const { id } = await deploy(db, releaseId, { plan: { limits: { concurrentMax: 1 } } });
    expect(await checkIn(db, deviceId)).toMatchObject({ kind: "install" });
    expect(await checkIn(db, other)).toMatchObject({ reasons: [{ kind: "concurrent-limit" }] });

    await hold(db, deviceId);
    expect(await checkIn(db, deviceId)).toMatchObject({ reasons: [{ kind: "device-held" }] });

    expect((await refreshed(db, id)).counts).toMatchObject({ open: 0, admitted: 1, aborted: 0 });
    expect(await checkIn(db, other)).toMatchObject({ kind: "install" });
  });

  test("are told apart in a preview and among those who wait, and decommissioned ones are not held", async () => {
    const { db, ids, releaseId } = await fleet(4);
    const [first, second, gone] = ids as [DeviceId, DeviceId, DeviceId];
    await hold(db, first);
    await hold(db, second, HOUR_SECONDS);

    const previewed = await previewDeployment(
      db,
      { releaseId, target: { kind: "all" }, plan },
      TEST_NOW,
    );
    expect(previewed).toMatchObject({
      targeted: 4,
      gets: 2,
      cannot: [{ kind: "device-held", count: 2, sentence: "2 devices are held by people." }],
    });

    const { id: deploymentId } = await deploy(db, releaseId);
    const progress = (at: InstantMs) =>
      createDeploymentHandlers({ clock: clockAt(at) }).showDeploymentProgress(asOperator(db), {
        params: { deploymentId },
        query: undefined,
        body: undefined,
      });
    expect((await progress(TEST_NOW)).waiting).toMatchObject([
      { kind: "next-check-in", count: 2 },
      { kind: "device-held", count: 2 },
    ]);
    const over = later(TEST_NOW, HOUR_SECONDS * 1_000);
    expect((await progress(over)).waiting).toMatchObject([
      { kind: "next-check-in", count: 3 },
      { kind: "device-held", count: 1, sentence: "1 device is held by a person." },
    ]);

    await devicesAt(TEST_NOW).decommissionDevice(asOperator(db), {
      params: { deviceId: gone },
      query: undefined,
      body: undefined,
    });
    await expect(hold(db, gone)).rejects.toMatchObject({ code: "state-conflict" });
  });
});
