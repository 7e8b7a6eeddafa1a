import { DAY_MS, instant, present, type InstantMs } from "@moult/base";
import type { DeviceId, ReleaseId } from "@moult/model";
import { explain } from "@moult/planner";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
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
  report,
  setRunning,
} from "./fleet.fixture.ts";
import { loadFacts } from "./load-facts.ts";
import { orderDevice } from "./order-device.ts";

describe.each(DIALECTS)("releases that do not stay on a device, on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  const scene = async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, [7, 8]);
    return { db, deviceId: present(ids[0], "two were added") };
  };
  /** A deployment that the device has at once, and how that ends. */
  const bring = async (
    db: TenantDb,
    deviceId: DeviceId,
    releaseId: ReleaseId,
    [outcome, runs]: readonly ["succeeded" | "rolled-back", string],
    at: InstantMs = TEST_NOW,
  ) => {
    const deployment = await deploy(db, releaseId, {
      target: { kind: "devices", deviceIds: [deviceId] },
      at,
    });
    const plan = await checkIn(db, deviceId, { at });
    expect(plan.kind).toBe("install");
    await setRunning(db, deviceId, runs);
    await report(db, deviceId, plan, [finished(outcome, runs)], at);
    return deployment;
  };
  const why = async (db: TenantDb, deviceId: DeviceId, at: InstantMs) => {
    const device = present(await planningDevice(db, deviceId), "the device exists");
    return explain(await loadFacts(db, device, null, at, "with-others"));
  };

  test("a device that rolled back in two deployments waits for a person, and the others do not", async () => {
    const { db, deviceId } = await scene();
    const bad = await addRelease(db, "2.0");
    for (let times = 0; times < 2; times += 1)
      await bring(db, deviceId, bad, ["rolled-back", "1.0"]);
    const third = await deploy(db, bad);

    expect(await checkIn(db, deviceId)).toMatchObject({
      kind: "nothing-to-do",
      reasons: expect.arrayContaining([
        { kind: "boot-loop", deploymentId: third.id, version: "2.0", deployments: 2 },
      ]) as unknown,
      until: null,
    });
    expect(await waitingReasons(db, third, TEST_NOW)).toMatchObject([
      { kind: "next-check-in", count: 1 },
      { kind: "boot-loop", count: 1 },
    ]);
    await orderDevice(db, third.id, deviceId, "force", "Ada", { clock: clockAt(TEST_NOW) });
    expect(await checkIn(db, deviceId)).toMatchObject({ kind: "install" });
  });

  test("two releases that take turns on a device stop within a week, and may go on after it", async () => {
    const { db, deviceId } = await scene();
    const [one, two] = [await addRelease(db, "1.0"), await addRelease(db, "2.0")];
    const day = (days: number): InstantMs => instant(TEST_NOW + days * DAY_MS);
    await bring(db, deviceId, two, ["succeeded", "2.0"], day(0));
    await bring(db, deviceId, one, ["succeeded", "1.0"], day(1));
    await bring(db, deviceId, two, ["succeeded", "2.0"], day(2));
    await bring(db, deviceId, one, ["succeeded", "1.0"], day(3));
    const third = await deploy(db, two, { at: day(4) });
    const reason = { kind: "flip-flop", deploymentId: third.id, runs: "1.0", times: 2 };
    expect(await checkIn(db, deviceId, { at: day(4) })).toMatchObject({
      kind: "nothing-to-do",
      until: day(7),
      reasons: expect.arrayContaining([expect.objectContaining(reason)]) as unknown,
    });
    expect(await why(db, deviceId, day(4))).toMatchObject({ earliest: day(7) });
    expect(await waitingReasons(db, third, day(4))).toMatchObject([
      { kind: "next-check-in", count: 1 },
      { kind: "flip-flop", count: 1 },
    ]);
    expect(await waitingReasons(db, third, day(7))).toMatchObject([
      { kind: "next-check-in", count: 2 },
    ]);
    expect(await checkIn(db, deviceId, { at: day(7) })).toMatchObject({ kind: "install" });
  });

  test("what takes devices back from a bad release is never held up by how often it had to", async () => {
    const { db, deviceId } = await scene();
    const one = await addRelease(db, "1.0");
    for (let times = 0; times < 2; times += 1) {
      await setRunning(db, deviceId, "2.0");
      await bring(db, deviceId, one, ["succeeded", "1.0"]);
    }
    await setRunning(db, deviceId, "2.0");
    const again = await deploy(db, one);
    expect(await checkIn(db, deviceId)).toMatchObject({
      reasons: expect.arrayContaining([
        expect.objectContaining({ kind: "flip-flop", deploymentId: again.id }),
      ]) as unknown,
    });
    await db.transaction(async ({ kysely }) => {
      await kysely
        .updateTable("deployment")
        .set({ rollback_of: again.id })
        .where("id", "=", again.id)
        .execute();
    });
    expect(await checkIn(db, deviceId)).toMatchObject({ kind: "install" });
  });
});
