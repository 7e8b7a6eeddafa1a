import { instant, present, type InstantMs } from "@moult/base";
import type { DeploymentId, DeviceId } from "@moult/model";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { silentLog, TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { countAll } from "./census-queries.ts";
import { openNextStage } from "./change-deployment.ts";
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
import { setCensus } from "./queries.ts";
import { createDeploymentTender } from "./tend-deployments.ts";

const HOUR_SECONDS = 3_600;
const at = (seconds: number): InstantMs => instant(TEST_NOW + seconds * 1_000);
const countUp = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe.each(DIALECTS)("gates between stages, on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  async function fleet(size: number) {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, countUp(size));
    return { db, ids, releaseId: await addRelease(db, "2.0") };
  }

  /** Everybody checks in; who has an offer installs it. */
  async function round(db: TenantDb, ids: readonly DeviceId[], when: InstantMs): Promise<number> {
    let offered = 0;
    for (const id of ids) {
      const plan = await checkIn(db, id, { at: when });
      if (plan.kind !== "install") continue;
      offered += 1;
      await report(db, id, plan, [finished("succeeded", "2.0")], when);
    }
    return offered;
  }

  test("a stage opens by time alone, once, however many servers look", async () => {
    const { db, ids, releaseId } = await fleet(10);
    const { id } = await deploy(db, releaseId, {
      plan: {
        stages: [
          { size: { count: 2 }, advance: { afterSeconds: 2 * HOUR_SECONDS } },
          { size: { remaining: true } },
        ],
      },
    });
    expect(await round(db, ids, at(1))).toBe(2);
    const answers = [];
    for (const each of ids) answers.push(await checkIn(db, each, { at: at(2) }));
    const held = answers.filter(
      (plan) => plan.kind === "nothing-to-do" && plan.until === at(2 * HOUR_SECONDS),
    );
    expect(held).toHaveLength(8);

    const tenders = (when: InstantMs) =>
      countUp(3).map(() => createDeploymentTender({ clock: clockAt(when), log: silentLog }));
    for (const tender of tenders(at(2 * HOUR_SECONDS - 1))) await tender.tend(db);
    expect(await refreshed(db, id)).toMatchObject({ stage: 0 });
    await Promise.all(tenders(at(2 * HOUR_SECONDS)).map((tender) => tender.tend(db)));

    expect(await refreshed(db, id)).toMatchObject({
      stage: 1,
      stageOpenedAt: at(2 * HOUR_SECONDS),
    });
    expect((await eventsOf(db, id)).filter((kind) => kind === "stage-advanced")).toHaveLength(1);
    expect(await round(db, ids, at(2 * HOUR_SECONDS + 1))).toBe(8);
  });

  test("a manual stage is opened by a person, and who asks twice opens one", async () => {
    const { db, ids, releaseId } = await fleet(10);
    const manual = { manual: true as const };
    const { id } = await deploy(db, releaseId, {
      plan: {
        stages: [
          { size: { count: 1 }, advance: manual },
          { size: { percent: 50 }, advance: manual },
          { size: { remaining: true } },
        ],
      },
    });
    expect(await round(db, ids, at(1))).toBe(1);
    expect(await round(db, ids, at(99 * HOUR_SECONDS))).toBe(0);
    const open = (stage: number, of: DeploymentId = id) =>
      openNextStage(db, of, stage, "Ada", { clock: clockAt(at(99 * HOUR_SECONDS)) });

    const asked = await Promise.allSettled([open(0), open(0)]);

    expect(asked.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(await refreshed(db, id)).toMatchObject({ stage: 1 });
    expect(await round(db, ids, at(100 * HOUR_SECONDS))).toBe(4);
    await open(1);
    await expect(open(2)).rejects.toMatchObject({ code: "state-conflict" });
    expect(await round(db, ids, at(101 * HOUR_SECONDS))).toBe(5);
    expect(await refreshed(db, id)).toMatchObject({ state: "finished" });
  });

  test("devices wait between their tries, and are not given up on meanwhile", async () => {
    const { db, ids, releaseId } = await fleet(1);
    const deviceId = present(ids[0], "a device");
    const { id } = await deploy(db, releaseId, {
      plan: {
        retry: { attemptsMax: 2, backoffSeconds: 2 * HOUR_SECONDS },
        timeouts: { silenceSeconds: 60 },
      },
    });
    await report(
      db,
      deviceId,
      await checkIn(db, deviceId, { at: at(0) }),
      [finished("failed", "1.0", "disk-full")],
      at(10),
    );
    let now = at(0);
    const tender = createDeploymentTender({ clock: { now: () => now }, log: silentLog });
    const tendUntil = async (end: InstantMs) => {
      for (; now < end; now = instant(now + 60_000)) await tender.tend(db);
    };

    await tendUntil(at(2 * HOUR_SECONDS));
    expect(await checkIn(db, deviceId, { at: now })).toMatchObject({
      reasons: [{ kind: "retry-backoff" }],
      until: at(2 * HOUR_SECONDS + 10),
    });
    expect(await checkIn(db, deviceId, { at: at(2 * HOUR_SECONDS + 10) })).toMatchObject({
      offer: { attempt: 2 },
    });
    expect((await refreshed(db, id)).counts).toMatchObject({ open: 1, failed: 0 });
  });

  test("a number of devices of a large target are just as many, also when others join", async () => {
    const { db, ids, releaseId } = await fleet(1_100);
    const deployment = await deploy(db, releaseId, {
      plan: {
        stages: [{ size: { count: 7 }, advance: { manual: true } }, { size: { remaining: true } }],
        limits: { concurrentMax: 1_000 },
      },
    });
    expect(deployment.census).toBeNull();
    const counted = present((await refreshed(db, deployment.id)).census, "it was counted");
    expect(counted.belowThreshold[0]).toBe(7);

    expect(await round(db, ids.slice(0, 600), at(1))).toBeLessThanOrEqual(7);
    const late = await addDevices(
      db,
      countUp(300).map((draw) => 10_000 + draw),
    );
    const recounted = await countAll(db, await refreshed(db, deployment.id), TEST_NOW);
    await db.transaction((inner) => setCensus(inner, deployment.id, recounted));
    expect(recounted.thresholds[0]).toBeGreaterThanOrEqual(counted.thresholds[0] ?? 0);
    await round(db, [...late, ...ids], at(2));

    expect((await refreshed(db, deployment.id)).counts).toMatchObject({
      admitted: 7,
      succeeded: 7,
    });
    // Two thousand check-ins.
  }, 90_000);
});
