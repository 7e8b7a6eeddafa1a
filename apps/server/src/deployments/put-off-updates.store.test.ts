import { HOUR_MS, MINUTE_MS, instant } from "@moult/base";
import type { DeviceId } from "@moult/model";
import { explain } from "@moult/planner";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { TEST_NOW, silentLog, useTestDatabase } from "../platform/test-database.fixture.ts";
import { planningDevice } from "./facts-queries.ts";
import {
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  deploy,
  eventsOf,
  finished,
  refreshed,
  report,
} from "./fleet.fixture.ts";
import { assignmentShown } from "./list-queries.ts";
import { loadFacts } from "./load-facts.ts";
import type { AssignmentReport } from "./report-assignment.ts";
import { createDeploymentTender } from "./tend-deployments.ts";

const BUSY = { code: "busy", detail: "The device is busy." };
const HOT = { code: "oven-hot", detail: "It has 240 degrees." };
const putOff = (
  sequence: number,
  ...holds: Extract<AssignmentReport, { kind: "deferred" }>["holds"]
): AssignmentReport => ({ kind: "deferred", sequence, before: "install", holds });
const at = (ms: number) => instant(TEST_NOW + ms);

describe.each(DIALECTS)("an update that its device puts off, on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  async function offered(plan: Parameters<typeof deploy>[2] = {}) {
    const db = await store.newTenant();
    await addProduct(db);
    const [deviceId] = await addDevices(db, [1]);
    if (deviceId === undefined) throw new Error("a device was added");
    const deployment = await deploy(db, await addRelease(db, "2.0"), plan);
    const offer = await checkIn(db, deviceId);
    if (offer.kind !== "install") throw new Error("it is offered");
    const say = (reports: readonly AssignmentReport[], ms = 1_000) =>
      report(db, deviceId, offer, reports, at(ms));
    const shown = async () => assignmentShown(db, offer.offer.assignmentId);
    return { db, deviceId, deployment, offer, say, shown };
  }
  const why = async (db: TenantDb, deviceId: DeviceId) => {
    const device = await planningDevice(db, deviceId);
    if (device === undefined) throw new Error("the device exists");
    return explain(await loadFacts(db, device, null, at(0), "with-others"));
  };

  test("stands where it stood, and says why in the device's own words", async () => {
    const { db, deviceId, say, shown } = await offered();
    await say([{ kind: "downloading", progressPercent: 100, sequence: 1 }, putOff(2, BUSY, HOT)]);

    const sentence = "The device waits before it installs: The device is busy. It has 240 degrees.";
    expect(await shown()).toMatchObject({
      state: "downloading",
      progressPercent: 100,
      deferral: {
        before: "install",
        holds: [BUSY, HOT],
        since: new Date(at(1_000)).toISOString(),
        sentence,
      },
    });
    expect(await why(db, deviceId)).toMatchObject({
      summary: `The update to 2.0 is put off. ${sentence}`,
      reasons: [{ reason: { kind: "deferred-by-device", holds: [BUSY, HOT] }, sentence }],
      earliest: null,
    });
  });

  test("goes on with its next report, whatever that is", async () => {
    const { db, deviceId, say, shown } = await offered();
    await say([putOff(1, BUSY), { kind: "installing", sequence: 2 }]);
    expect(await shown()).toMatchObject({ state: "installing", deferral: null });

    await say([{ ...putOff(3, HOT), before: "reboot" } as AssignmentReport]);
    expect((await shown())?.deferral).toMatchObject({ before: "reboot" });
    await say([finished("rejected", "1.0", "declined-by-person")]);
    expect(await shown()).toMatchObject({ state: "closed", outcome: "rejected", deferral: null });
    expect((await why(db, deviceId)).summary).not.toContain("put off");
  });

  test("that is told again has been put off since it was first told, and is news only when its reasons changed", async () => {
    const { db, deployment, say, shown } = await offered();
    await say([putOff(1, BUSY)]);
    await say([putOff(2, BUSY)], HOUR_MS);
    expect((await shown())?.deferral?.since).toBe(new Date(at(1_000)).toISOString());
    const told = async () =>
      (await eventsOf(db, deployment.id)).filter((kind) => kind === "assignment-progressed");
    expect(await told()).toHaveLength(1);

    await say([putOff(3, HOT)], 2 * HOUR_MS);
    expect(await told()).toHaveLength(2);
  });

  test("does not end while its device is heard of, and does when it is no longer", async () => {
    const plan = { timeouts: { silenceSeconds: 7_200 } };
    const { db, deviceId, deployment, say } = await offered({ plan });
    let now = at(0);
    const tender = createDeploymentTender({ clock: { now: () => now }, log: silentLog });
    const pass = async (hours: number) => {
      for (const end = now + hours * HOUR_MS; now < end; now = instant(now + MINUTE_MS))
        await tender.tend(db);
    };
    await say([putOff(1, BUSY)], 0);
    await pass(1);
    await say([putOff(2, BUSY)], now - TEST_NOW);
    await pass(1.5);
    // It says nothing new, and checks in.
    await db.transaction(async (inner) => {
      await inner.kysely
        .updateTable("device")
        .set({ last_seen_at: now })
        .where("id", "=", deviceId)
        .execute();
    });
    await pass(1.5);
    expect((await refreshed(db, deployment.id)).counts).toMatchObject({ open: 1, silent: 0 });

    await pass(3);
    expect((await refreshed(db, deployment.id)).counts).toMatchObject({ open: 0, timedOut: 1 });
  });

  test("before its installation is taken back with its deployment", async () => {
    const { db, deviceId, deployment, say } = await offered();
    await say([{ kind: "downloading", progressPercent: 100, sequence: 1 }, putOff(2, BUSY)]);
    await db.transaction(async (inner) => {
      await inner.kysely
        .updateTable("deployment")
        .set({ state: "aborted" })
        .where("id", "=", deployment.id)
        .execute();
    });
    expect(await checkIn(db, deviceId, { isIdle: false })).toMatchObject({ kind: "nothing-to-do" });
  });
});
