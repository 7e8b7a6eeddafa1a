import { instant, type InstantMs } from "@moult/base";
import type { DeploymentId, DeviceId } from "@moult/model";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { changeDeployment } from "./change-deployment.ts";
import {
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  clockAt,
  deploy,
  eventsOf,
  finished,
  refreshed,
  report,
} from "./fleet.fixture.ts";
import { orderDevice, type DeviceOrder } from "./order-device.ts";

const at = (seconds: number): InstantMs => instant(TEST_NOW + seconds * 1_000);
const countUp = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe.each(DIALECTS)("orders about single devices, on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  async function fleet(size: number) {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, countUp(size));
    return { db, ids, releaseId: await addRelease(db, "2.0") };
  }

  const order = (db: TenantDb, deploymentId: DeploymentId, deviceId: DeviceId, what: DeviceOrder) =>
    orderDevice(db, deploymentId, deviceId, what, "Ada", { clock: clockAt(at(50)) });

  test("a device that is sent ahead goes next, past the stage and the limit, once", async () => {
    const { db, ids, releaseId } = await fleet(10);
    const { id } = await deploy(db, releaseId, {
      plan: {
        stages: [{ size: { count: 1 } }, { size: { remaining: true } }],
        limits: { concurrentMax: 1 },
      },
    });
    const answers = [];
    for (const each of ids) answers.push([each, await checkIn(db, each)] as const);
    const waiting = answers.flatMap(([each, plan]) => (plan.kind === "install" ? [] : [each]));
    expect(waiting).toHaveLength(9);
    const [ahead, other] = waiting as [DeviceId, DeviceId];

    await order(db, id, ahead, "force");
    await order(db, id, ahead, "force");

    expect(await checkIn(db, ahead)).toMatchObject({ kind: "install", offer: { attempt: 1 } });
    expect(await checkIn(db, other)).toMatchObject({ reasons: [{ kind: "stage-not-reached" }] });
    expect((await refreshed(db, id)).counts).toMatchObject({ open: 2, admitted: 2 });
    expect((await eventsOf(db, id)).filter((kind) => kind === "device-forced")).toHaveLength(1);
    await expect(order(db, id, ahead, "force")).rejects.toMatchObject({ code: "state-conflict" });
    await changeDeployment(db, id, "pause", "Ada", { clock: clockAt(at(60)) });
    await expect(order(db, id, other, "force")).rejects.toMatchObject({ code: "state-conflict" });
  });

  test("a device that had its tries gets them anew, and its failure no longer counts", async () => {
    const { db, ids, releaseId } = await fleet(2);
    const [failing] = ids as [DeviceId];
    const { id } = await deploy(db, releaseId, { plan: { retry: { attemptsMax: 2 } } });
    for (let attempt = 1; attempt <= 2; attempt += 1)
      await report(db, failing, await checkIn(db, failing), [
        finished("failed", "1.0", "disk-full"),
      ]);
    expect((await refreshed(db, id)).counts).toMatchObject({ failed: 1 });

    await order(db, id, failing, "retry");

    expect((await refreshed(db, id)).counts).toMatchObject({ failed: 0, open: 0 });
    for (const attempt of [3, 4]) {
      const plan = await checkIn(db, failing);
      expect(plan).toMatchObject({ offer: { attempt } });
      await report(db, failing, plan, [finished("failed", "1.0", "disk-full")]);
    }
    expect((await refreshed(db, id)).counts).toMatchObject({ failed: 1, admitted: 1 });
    expect(await checkIn(db, failing)).toMatchObject({ kind: "nothing-to-do" });
    await changeDeployment(db, id, "abort", "Ada", { clock: clockAt(at(60)) });
    await expect(order(db, id, failing, "retry")).rejects.toMatchObject({ code: "state-conflict" });
  });

  test("a device whose update is cancelled gives it up, leaves its place, and waits for a retry", async () => {
    const { db, ids, releaseId } = await fleet(2);
    const [cancelled, other] = ids as [DeviceId, DeviceId];
    const { id } = await deploy(db, releaseId, { plan: { limits: { concurrentMax: 1 } } });
    const offered = await checkIn(db, cancelled);
    expect(await checkIn(db, other)).toMatchObject({ reasons: [{ kind: "concurrent-limit" }] });

    await order(db, id, cancelled, "cancel");

    expect(await checkIn(db, cancelled)).toMatchObject({ reasons: [{ kind: "cancelled" }] });
    expect(await report(db, cancelled, offered, [finished("aborted", "1.0")])).toBe("recorded");
    expect(await checkIn(db, other)).toMatchObject({ kind: "install" });
    expect((await refreshed(db, id)).counts).toMatchObject({ open: 1, aborted: 1 });
    await order(db, id, cancelled, "retry");
    expect((await refreshed(db, id)).counts).toMatchObject({ aborted: 0 });
    expect(await checkIn(db, cancelled)).toMatchObject({ reasons: [{ kind: "concurrent-limit" }] });
  });

  test("what a device says of an update that was cancelled too late counts all the same", async () => {
    const { db, ids, releaseId } = await fleet(1);
    const [late] = ids as [DeviceId];
    const { id } = await deploy(db, releaseId);
    const plan = await checkIn(db, late);
    await order(db, id, late, "cancel");

    await report(db, late, plan, [finished("succeeded", "2.0")]);

    expect((await refreshed(db, id)).counts).toMatchObject({ aborted: 0, succeeded: 1 });
  });

  test("an update that began to install is not cancelled, and what was not offered is not retried", async () => {
    const { db, ids, releaseId } = await fleet(2);
    const [installing, untouched] = ids as [DeviceId, DeviceId];
    const { id } = await deploy(db, releaseId);
    const plan = await checkIn(db, installing);
    await report(db, installing, plan, [{ kind: "installing", sequence: 1 }]);

    for (const [device, what] of [
      [installing, "cancel"],
      [installing, "retry"],
      [untouched, "cancel"],
      [untouched, "retry"],
    ] as const)
      await expect(order(db, id, device, what)).rejects.toMatchObject({ code: "state-conflict" });
  });
});
