import { instant, MINUTE_MS } from "@moult/base";
import { explain } from "@moult/planner";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import { silentLog, TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { planningDevice } from "./facts-queries.ts";
import {
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  deploy,
  finished,
  refreshed,
  report,
} from "./fleet.fixture.ts";
import { assignmentShown } from "./list-queries.ts";
import { loadFacts } from "./load-facts.ts";
import type { AssignmentReport } from "./report-assignment.ts";
import { createDeploymentTender } from "./tend-deployments.ts";

const MINUTES = 60;
const TIMEOUTS = {
  queuedSeconds: 10 * MINUTES,
  downloadSeconds: 20 * MINUTES,
  installSeconds: 30 * MINUTES,
  confirmSeconds: 5 * MINUTES,
};
const at = (minutes: number) => instant(TEST_NOW + minutes * MINUTE_MS);

describe.each(DIALECTS)("timeouts of phases, on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  async function offered() {
    const db = await store.newTenant();
    await addProduct(db);
    // The second one never comes, so the deployment goes on without the first.
    const [deviceId] = await addDevices(db, [1, 2]);
    if (deviceId === undefined) throw new Error("a device was added");
    const plan = { timeouts: TIMEOUTS };
    const { id } = await deploy(db, await addRelease(db, "2.0"), { plan });
    const offer = await checkIn(db, deviceId);
    if (offer.kind !== "install") throw new Error("it is offered");
    let now = at(0);
    const tender = createDeploymentTender({ clock: { now: () => now }, log: silentLog });
    return {
      db,
      deviceId,
      id,
      say: (minutes: number, ...reports: readonly AssignmentReport[]) =>
        report(db, deviceId, offer, reports, at(minutes)),
      /** The server is up and looks each minute. */
      until: async (minutes: number) => {
        for (; now < at(minutes); now = instant(now + MINUTE_MS)) await tender.tend(db);
        await tender.tend(db);
      },
      shown: () => assignmentShown(db, offer.offer.assignmentId),
    };
  }

  const begins: AssignmentReport = { kind: "downloading", progressPercent: 1, sequence: 1 };
  const installs: AssignmentReport = { kind: "installing", sequence: 2 };
  const proves: AssignmentReport = { kind: "proving", sequence: 3 };

  test.each([
    ["queued-timeout", 10, []],
    ["download-timeout", 20, [begins]],
    ["install-timeout", 30, [installs]],
    ["confirm-timeout", 5, [proves]],
  ] as const)("%s ends a try after %d minutes, and no sooner", async (code, minutes, reports) => {
    const { id, db, say, until, shown } = await offered();
    if (reports.length > 0) await say(0, ...reports);

    await until(minutes - 1);
    expect((await shown())?.state).not.toBe("closed");
    await until(minutes);

    expect(await shown()).toMatchObject({ state: "closed", outcome: "timed-out", code });
    expect((await refreshed(db, id)).counts).toMatchObject({ open: 0, timedOut: 1 });
  });

  test("progress gives a phase no more time, the next phase has its own, and a late success counts", async () => {
    const { id, db, deviceId, say, until, shown } = await offered();
    await say(5, begins);
    await until(20);
    await say(20, { ...begins, progressPercent: 90, sequence: 2 });
    const device = await planningDevice(db, deviceId);
    if (device === undefined) throw new Error("the device exists");
    expect(explain(await loadFacts(db, device, null, at(20))).earliest).toBe(at(25));
    await say(24, { kind: "installing", sequence: 3 });
    await until(53);
    expect((await shown())?.state).toBe("installing");
    await until(54);
    expect(await shown()).toMatchObject({ code: "install-timeout" });

    await say(55, finished("succeeded", "2.0"));

    expect((await refreshed(db, id)).counts).toMatchObject({ timedOut: 0, succeeded: 1 });
  });

  test("a device that puts its next step off takes none of the time, and has all of it when it goes on", async () => {
    const { say, until, shown } = await offered();
    const holds = [{ code: "busy", detail: "The device is busy." }];
    await say(0, begins, { kind: "deferred", sequence: 2, before: "install", holds });
    await until(60);
    expect((await shown())?.state).toBe("downloading");

    await say(60, { kind: "downloading", progressPercent: 99, sequence: 3 });
    await until(79);
    expect((await shown())?.state).toBe("downloading");
    await until(80);
    expect(await shown()).toMatchObject({ code: "download-timeout" });
  });

  test("a device that never began is not charged for it, and one that downloads too long is", async () => {
    const { db, deviceId, until, say } = await offered();
    await until(10);
    const again = await checkIn(db, deviceId, { at: at(11) });
    expect(again).toMatchObject({ kind: "install", offer: { attempt: 2 } });

    await report(db, deviceId, again, [begins], at(11));
    await until(31);

    expect(await checkIn(db, deviceId, { at: at(32) })).toMatchObject({
      reasons: [{ kind: "attempts-used" }],
    });
    expect(await say(32, proves)).toBe("assignment-closed");
  });

  test("time in which the server was down is no time of the device", async () => {
    const { db, say, shown } = await offered();
    await say(0, begins);
    let now = at(300);
    const restarted = createDeploymentTender({ clock: { now: () => now }, log: silentLog });
    const until = async (minutes: number) => {
      for (; now <= at(minutes); now = instant(now + MINUTE_MS)) await restarted.tend(db);
    };

    await until(319);
    expect((await shown())?.state).toBe("downloading");
    await until(320);
    expect(await shown()).toMatchObject({ code: "download-timeout" });
  });
});
