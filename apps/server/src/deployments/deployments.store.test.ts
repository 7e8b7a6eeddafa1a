import { DAY_MS, HOUR_MS, instant, present } from "@moult/base";
import { HardwareType, type DeviceId } from "@moult/model";
import { explain } from "@moult/planner";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import { TEST_NOW, silentLog, useTestDatabase } from "../platform/test-database.fixture.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { isAnyoneLeft } from "./census-queries.ts";
import { changeDeployment } from "./change-deployment.ts";
import { closeOpenAssignment } from "./close-open-assignment.ts";
import {
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  clockAt,
  deploy,
  eventsOf,
  finished,
  HARDWARE,
  refreshed,
  report,
  setRunning,
} from "./fleet.fixture.ts";
import { planningDevice } from "./facts-queries.ts";
import { loadFacts } from "./load-facts.ts";
import { previewDevice } from "./plan-device.ts";
import { createDeploymentTender } from "./tend-deployments.ts";

const later = (ms: number) => instant(TEST_NOW + ms);
const countUp = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe.each(DIALECTS)("deployments on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  const fleet = async (devices: number, version = "2.0") => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, countUp(devices));
    return { db, ids, releaseId: await addRelease(db, version) };
  };
  const why = async (db: TenantDb, deviceId: DeviceId) => {
    const device = present(await planningDevice(db, deviceId), "the device exists");
    return explain(await loadFacts(db, device, null, TEST_NOW, "with-others"));
  };
  const first = <T>(values: readonly T[]): T => present(values[0], "there is a first one");

  test("a device is offered the release, gets the same offer again, and closes it by running it", async () => {
    const { db, ids, releaseId } = await fleet(1);
    const deviceId = first(ids);
    const { id } = await deploy(db, releaseId);

    const plan = await checkIn(db, deviceId);
    expect(plan).toMatchObject({ kind: "install", offer: { artifactName: "2.0", attempt: 1 } });
    expect(await checkIn(db, deviceId, { isIdle: false })).toEqual(plan);

    await report(db, deviceId, plan, [
      { kind: "downloading", sequence: 1, progressPercent: 50 },
      { kind: "installing", sequence: 2 },
    ]);
    expect((await refreshed(db, id)).counts).toMatchObject({ admitted: 1, open: 1 });

    await report(db, deviceId, plan, [finished("succeeded", "2.0")]);
    expect(await refreshed(db, id)).toMatchObject({
      state: "finished",
      counts: { admitted: 1, open: 0, succeeded: 1 },
    });
    expect(await eventsOf(db, id)).toEqual([
      "deployment-created",
      "assignment-offered",
      "assignment-progressed",
      "assignment-progressed",
      "assignment-closed",
      "deployment-state-changed",
    ]);
  });

  test("reports that come again change nothing", async () => {
    const { db, ids, releaseId } = await fleet(2);
    const deviceId = first(ids);
    const { id } = await deploy(db, releaseId);
    const plan = await checkIn(db, deviceId);
    const reports = [
      { kind: "downloading", sequence: 1, progressPercent: 100 } as const,
      { kind: "installing", sequence: 2 } as const,
    ];

    await report(db, deviceId, plan, reports);
    const events = await eventsOf(db, id);
    await report(db, deviceId, plan, reports);
    expect(await eventsOf(db, id)).toEqual(events);

    await report(db, deviceId, plan, [finished("failed", "1.0", "install-failed")]);
    expect(await report(db, deviceId, plan, [finished("failed", "1.0")])).toBe("recorded");
    expect(
      await report(db, deviceId, plan, [{ ...finished("failed", "1.0"), sequence: 101 }]),
    ).toBe("assignment-closed");
    expect((await refreshed(db, id)).counts).toMatchObject({ failed: 1, open: 0 });
  });

  test("a success that leaves the device with another release is a failure", async () => {
    const { db, ids, releaseId } = await fleet(1);
    const { id } = await deploy(db, releaseId);
    const plan = await checkIn(db, first(ids));

    await report(db, first(ids), plan, [finished("succeeded", "1.0")]);

    expect((await refreshed(db, id)).counts).toMatchObject({ succeeded: 0, failed: 1 });
  });

  test("however many devices ask at once, no more than the concurrent limit are in the update", async () => {
    const { db, ids, releaseId } = await fleet(24);
    const { id } = await deploy(db, releaseId, { plan: { limits: { concurrentMax: 5 } } });

    const plans = await Promise.all(ids.map((deviceId) => checkIn(db, deviceId)));

    expect(plans.filter(({ kind }) => kind === "install")).toHaveLength(5);
    expect((await refreshed(db, id)).counts).toMatchObject({ open: 5, admitted: 5 });
    for (const plan of plans)
      if (plan.kind === "nothing-to-do")
        expect(plan).toMatchObject({ isContended: true, reasons: [{ kind: "concurrent-limit" }] });
  });

  test("a stage lets in exactly its share, late joiners included, and the next opens on success", async () => {
    const { db, ids, releaseId } = await fleet(10);
    const { id } = await deploy(db, releaseId, {
      plan: { stages: [{ size: { percent: 20 } }, { size: { remaining: true } }] },
    });

    const plans = await Promise.all(ids.map((deviceId) => checkIn(db, deviceId)));
    const admitted = ids.filter((_, index) => plans[index]?.kind === "install");
    expect(admitted).toHaveLength(2);
    const late = await addDevices(
      db,
      countUp(4).map((draw) => draw + 100),
    );
    await Promise.all(late.map((deviceId) => checkIn(db, deviceId)));
    expect((await refreshed(db, id)).counts.admitted).toBe(2);

    for (const deviceId of admitted) {
      const plan = await checkIn(db, deviceId);
      await report(db, deviceId, plan, [finished("succeeded", "2.0")]);
    }
    expect((await refreshed(db, id)).stage).toBe(1);
    expect(await checkIn(db, first(late))).toMatchObject({ kind: "install" });
  });

  test("failures trip the deployment, take back what was not begun, and a resume goes on", async () => {
    const { db, ids, releaseId } = await fleet(3);
    const [failing, begun, waiting] = ids as [(typeof ids)[0], (typeof ids)[0], (typeof ids)[0]];
    const { id } = await deploy(db, releaseId, {
      plan: { stages: [{ size: { remaining: true }, errorStop: { count: 1 } }] },
    });
    const failingPlan = await checkIn(db, failing);
    const begunPlan = await checkIn(db, begun);
    await checkIn(db, waiting);
    await report(db, begun, begunPlan, [{ kind: "installing", sequence: 1 }]);

    await report(db, failing, failingPlan, [finished("rolled-back", "1.0", "health-check-failed")]);

    expect(await refreshed(db, id)).toMatchObject({
      state: "tripped",
      trip: { kind: "failure-count", failed: 1, limit: 1 },
    });
    expect(await checkIn(db, waiting)).toMatchObject({
      kind: "nothing-to-do",
      reasons: [{ kind: "deployment-not-running", state: "tripped" }],
    });
    expect(await checkIn(db, begun, { isIdle: false })).toEqual(begunPlan);
    expect((await refreshed(db, id)).counts).toMatchObject({ open: 1, aborted: 0 });

    await changeDeployment(db, id, "resume", "Ada", { clock: clockAt(later(5_000)) });
    expect(await checkIn(db, waiting)).toMatchObject({ kind: "install", offer: { attempt: 2 } });
    await report(db, begun, begunPlan, [finished("succeeded", "2.0")]);
    expect(await refreshed(db, id)).toMatchObject({
      state: "running",
      trip: null,
      waived: { rolledBack: 1, succeeded: 0 },
    });
  });

  test("what a device says of an update that was taken back too late counts all the same", async () => {
    const { db, ids, releaseId } = await fleet(3);
    const [failing, tooLate, giving] = ids as [DeviceId, DeviceId, DeviceId];
    const { id } = await deploy(db, releaseId, {
      plan: { stages: [{ size: { remaining: true }, errorStop: { count: 1 } }] },
    });
    const plans = [];
    for (const deviceId of ids) plans.push(await checkIn(db, deviceId));
    const [failingPlan, tooLatePlan, givingPlan] = plans.map((plan) => present(plan, "it has one"));
    await report(db, failing, present(failingPlan, "it has one"), [finished("failed", "1.0")]);
    for (const deviceId of [tooLate, giving]) await checkIn(db, deviceId, { isIdle: false });

    const acknowledged = await report(db, giving, present(givingPlan, "it has one"), [
      finished("aborted", "1.0", "withdrawn"),
    ]);
    const reported = await report(db, tooLate, present(tooLatePlan, "it has one"), [
      { kind: "installing", sequence: 1 },
      finished("rolled-back", "1.0", "health-check-failed"),
    ]);

    expect([acknowledged, reported]).toEqual(["recorded", "recorded"]);
    expect((await refreshed(db, id)).counts).toMatchObject({ open: 0, failed: 1, rolledBack: 1 });
    await changeDeployment(db, id, "resume", "Ada", { clock: clockAt(later(9_000)) });
    expect(await checkIn(db, tooLate)).toMatchObject({ reasons: [{ kind: "attempts-used" }] });
    expect(await checkIn(db, giving)).toMatchObject({ kind: "install", offer: { attempt: 2 } });
  });

  test("an abort takes back what was not begun for good and ends what waited for a try", async () => {
    const { db, ids, releaseId } = await fleet(2);
    const [retrying, waiting] = ids as [(typeof ids)[0], (typeof ids)[0]];
    const { id } = await deploy(db, releaseId, { plan: { retry: { attemptsMax: 2 } } });
    await report(db, retrying, await checkIn(db, retrying), [
      finished("failed", "1.0", "download-failed"),
    ]);
    await checkIn(db, waiting);

    await changeDeployment(db, id, "abort", "Ada", { clock: clockAt(later(5_000)) });
    await checkIn(db, waiting);

    expect(await refreshed(db, id)).toMatchObject({
      state: "aborted",
      counts: { open: 0, aborted: 2 },
    });
    await expect(
      changeDeployment(db, id, "resume", "Ada", { clock: clockAt(later(6_000)) }),
    ).rejects.toMatchObject({ code: "state-conflict" });
  });

  test("a device that fails has another try, and is charged with those that it began", async () => {
    const { db, ids, releaseId } = await fleet(1);
    const deviceId = first(ids);
    const { id } = await deploy(db, releaseId, { plan: { retry: { attemptsMax: 2 } } });

    for (const [code, expected] of [
      ["server-unreachable", 2],
      ["install-failed", 3],
    ] as const) {
      await report(db, deviceId, await checkIn(db, deviceId), [
        finished("rolled-back", "1.0", code),
      ]);
      expect(await checkIn(db, deviceId)).toMatchObject({ offer: { attempt: expected } });
    }
    await report(db, deviceId, await checkIn(db, deviceId), [
      finished("failed", "1.0", "disk-full"),
    ]);

    expect(await checkIn(db, deviceId)).toMatchObject({ reasons: [{ kind: "no-deployment" }] });
    expect(await why(db, deviceId)).toMatchObject({
      reasons: [{ reason: { kind: "attempts-used", attempts: 3, outcome: "failed" } }],
    });
    expect((await refreshed(db, id)).counts).toMatchObject({ admitted: 1, failed: 1, open: 0 });
  });

  test("an update that nothing is heard of ends as silent, and a late report corrects it", async () => {
    const { db, ids, releaseId } = await fleet(2);
    const deviceId = first(ids);
    const { id } = await deploy(db, releaseId, { plan: { timeouts: { silenceSeconds: 3_600 } } });
    const plan = await checkIn(db, deviceId);
    await report(db, deviceId, plan, [{ kind: "installing", sequence: 1 }]);
    let now = TEST_NOW;
    const tender = createDeploymentTender({ clock: { now: () => now }, log: silentLog });

    // The process runs all the while, so that its own uptime is no excuse.
    for (; now < TEST_NOW + HOUR_MS; now = instant(now + 60_000)) await tender.tend(db);
    expect((await refreshed(db, id)).counts).toMatchObject({ open: 1, silent: 0 });
    now = instant(TEST_NOW + HOUR_MS + 120_000);
    await tender.tend(db);
    expect((await refreshed(db, id)).counts).toMatchObject({ open: 0, silent: 1 });

    expect(
      await report(db, deviceId, plan, [
        { kind: "proving", sequence: 2 },
        finished("succeeded", "2.0"),
      ]),
    ).toBe("recorded");
    expect((await refreshed(db, id)).counts).toMatchObject({ silent: 0, succeeded: 1 });
    expect(await eventsOf(db, id)).toContain("assignment-closed");
  });

  test("a server that was down for a day calls nobody silent when it comes back", async () => {
    const { db, ids, releaseId } = await fleet(1);
    const { id } = await deploy(db, releaseId, {
      plan: {
        timeouts: { silenceSeconds: 3_600 },
        stages: [{ size: { remaining: true }, errorStop: { count: 1 } }],
      },
    });
    await checkIn(db, first(ids));
    let now = later(DAY_MS);
    const tender = createDeploymentTender({ clock: { now: () => now }, log: silentLog });

    for (; now < TEST_NOW + DAY_MS + HOUR_MS; now = instant(now + 60_000)) await tender.tend(db);
    expect(await refreshed(db, id)).toMatchObject({ state: "running", counts: { open: 1 } });
    await tender.tend(db);
    expect(await refreshed(db, id)).toMatchObject({ state: "tripped", counts: { silent: 1 } });
  });

  test("a device that comes back after a silence in which it had not begun is offered the release again", async () => {
    const { db, ids, releaseId } = await fleet(2);
    const deviceId = first(ids);
    const { id } = await deploy(db, releaseId, { plan: { timeouts: { silenceSeconds: 60 } } });
    await checkIn(db, deviceId);
    let now = TEST_NOW;
    const tender = createDeploymentTender({ clock: { now: () => now }, log: silentLog });
    now = later(120_000);
    await tender.tend(db);
    expect((await refreshed(db, id)).counts).toMatchObject({ open: 0, silent: 1 });

    expect(await checkIn(db, deviceId, { at: now })).toMatchObject({ offer: { attempt: 2 } });
    expect((await refreshed(db, id)).counts).toMatchObject({ open: 1, silent: 0, admitted: 1 });
  });

  test("a device that runs the release already needs no offer, and the newest deployment decides", async () => {
    const { db, ids, releaseId } = await fleet(2);
    const [runner, other] = ids as [(typeof ids)[0], (typeof ids)[0]];
    await setRunning(db, runner, "2.0");
    const older = await deploy(db, await addRelease(db, "1.5"));
    const newer = await deploy(db, releaseId);

    expect(await checkIn(db, runner)).toMatchObject({
      reasons: [{ kind: "already-running" }, { kind: "superseded", deploymentId: older.id }],
    });
    expect((await refreshed(db, newer.id)).counts).toMatchObject({
      alreadyRunning: 1,
      admitted: 0,
    });

    const plan = await checkIn(db, other);
    expect(plan).toMatchObject({ offer: { deploymentId: newer.id } });
    await report(db, other, plan, [finished("succeeded", "2.0")]);
    await setRunning(db, other, "2.0");
    expect((await refreshed(db, newer.id)).state).toBe("finished");
    // The older one would bring 1.5; whoever reached 2.0 is not taken back.
    expect(await checkIn(db, other)).toMatchObject({ reasons: [{ kind: "superseded" }] });
    expect(await isAnyoneLeft(db, older)).toBe(false);
  });

  test("a device that leaves the fleet frees its place and ends its update", async () => {
    const { db, ids, releaseId } = await fleet(10);
    const { id } = await deploy(db, releaseId, {
      plan: { stages: [{ size: { percent: 10 } }, { size: { remaining: true } }] },
    });
    const plans = await Promise.all(ids.map((deviceId) => checkIn(db, deviceId)));
    const admitted = present(ids[plans.findIndex(({ kind }) => kind === "install")], "one has it");

    await db.transaction(async (inner) => {
      await closeOpenAssignment(inner, admitted, "aborted", "device-decommissioned", later(1));
      await inner.kysely
        .updateTable("device")
        .set({ state: "decommissioned" })
        .where("id", "=", admitted)
        .execute();
    });
    await addDevices(db, [9_999]);

    expect((await refreshed(db, id)).counts).toMatchObject({ open: 0, aborted: 1 });
    const others = ids.filter((deviceId) => deviceId !== admitted);
    const again = await Promise.all(others.map((deviceId) => checkIn(db, deviceId)));
    expect(again.filter(({ kind }) => kind === "install").length).toBeLessThanOrEqual(1);
  });

  test("a target without a device, and a release without an artifact, are refused and leave nothing", async () => {
    const { db } = await fleet(1);
    const foreign = await addRelease(db, "3.0", HardwareType.parse("other-board"));
    const empty = await addRelease(db, "4.0");
    await db.transaction(async (inner) => {
      await inner.kysely.deleteFrom("artifact").where("release_id", "=", empty).execute();
    });

    await expect(deploy(db, foreign)).rejects.toMatchObject({ code: "target-empty" });
    await expect(deploy(db, empty)).rejects.toMatchObject({ code: "release-empty" });
    expect(
      await db.kysely
        .selectFrom("deployment")
        .select("id")
        .where("tenant_id", "=", db.tenantId)
        .execute(),
    ).toEqual([]);
  });

  test("in a target of more than a thousand the share is kept by place and capped", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(
      db,
      countUp(1_010).map((index) => index * 1_789_569),
    );
    const { id } = await deploy(db, await addRelease(db, "2.0"), {
      plan: {
        stages: [{ size: { percent: 5 } }, { size: { remaining: true } }],
        limits: { concurrentMax: 1_000 },
      },
    });
    const { census } = await refreshed(db, id);
    expect(census).toMatchObject({ eligible: 1_010 });

    const previews = await Promise.all(
      ids.map((deviceId) => previewDevice(db, deviceId, true, TEST_NOW)),
    );
    // What takes a change has no preview: these are the devices that would be offered the release.
    const inShare = ids.filter((_, index) => previews[index] === undefined);
    const plans = await Promise.all(inShare.map((deviceId) => checkIn(db, deviceId)));

    const below = present(census?.belowThreshold[0], "it was counted");
    expect(inShare).toHaveLength(below);
    expect(plans.filter(({ kind }) => kind === "install")).toHaveLength(Math.min(50, below));
    expect(below).toBeGreaterThan(30);
  });

  test("devices of other hardware do not hold a deployment open", async () => {
    const { db, ids, releaseId } = await fleet(1);
    await addDevices(db, [77], HardwareType.parse("other-board"));
    const { id } = await deploy(db, releaseId);

    await report(db, first(ids), await checkIn(db, first(ids)), [finished("succeeded", "2.0")]);

    expect(HARDWARE).toBe("gw2-board");
    expect((await refreshed(db, id)).state).toBe("finished");
  });
});
