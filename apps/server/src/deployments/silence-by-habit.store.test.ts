import { DAY_MS, HOUR_MS, instant, MINUTE_MS, present, type InstantMs } from "@moult/base";
import type { DeploymentId, DeviceId } from "@moult/model";
import { explain, patienceOf, silenceEndsAt } from "@moult/planner";
import { describe, expect, test } from "vitest";
import { createLastSeen } from "../devices/index.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { silentLog, TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
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
} from "./fleet.fixture.ts";
import { planningDevice } from "./facts-queries.ts";
import { setHearing } from "./hearing-queries.ts";
import { loadFacts } from "./load-facts.ts";
import { createDeploymentTender } from "./tend-deployments.ts";
import { quietByHabit } from "./tend-queries.ts";

const START = instant(TEST_NOW - 60 * DAY_MS);
const after = (ms: number): InstantMs => instant(TEST_NOW + ms);

describe.each(DIALECTS)("silence by a device's own habit, on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  /** Servers were up from `since` until `until`. */
  const up = (db: TenantDb, since: InstantMs, until: InstantMs) =>
    db.transaction((inner) => setHearing(inner, { since, until }));
  /** A device that has checked in so often for eight weeks, and the release that it was offered at the end of them. */
  const scene = async (everyMs: number | null, weeks = 8) => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, [41, 42]);
    const deviceId = present(ids[0], "two were added");
    await up(db, START, START);
    let now = instant(TEST_NOW - weeks * 7 * DAY_MS);
    const lastSeen = createLastSeen({ clock: { now: () => now }, log: silentLog, flushMs: DAY_MS });
    const seen = async (at: InstantMs) => {
      now = at;
      lastSeen.note(db, deviceId);
      await lastSeen.flush();
    };
    if (everyMs !== null)
      for (let at = now; at <= TEST_NOW; at = instant(at + everyMs)) await seen(at);
    await lastSeen.close();
    const { id } = await deploy(db, await addRelease(db, "2.0"));
    const plan = await checkIn(db, deviceId);
    expect(plan.kind).toBe("install");
    return { db, deviceId, id, plan, seen };
  };
  /** What has become of it at `at`, where servers were up from `since` on. */
  const judged = async (
    db: TenantDb,
    id: DeploymentId,
    at: InstantMs,
    since: InstantMs = START,
  ) => {
    await up(db, since, at);
    await createDeploymentTender({ clock: clockAt(at), log: silentLog }).tend(db);
    const { open, silent, timedOut } = (await refreshed(db, id)).counts;
    return { open, silent, timedOut };
  };
  const OPEN = { open: 1, silent: 0, timedOut: 0 };
  const SILENT = { open: 0, silent: 1, timedOut: 0 };
  const why = async (db: TenantDb, deviceId: DeviceId) => {
    const device = present(await planningDevice(db, deviceId), "the device exists");
    return explain(await loadFacts(db, device, null, TEST_NOW, "with-others")).summary;
  };
  const detailOf = (db: TenantDb) =>
    db.kysely
      .selectFrom("assignment")
      .select("detail")
      .where("tenant_id", "=", db.tenantId)
      .executeTakeFirst();

  test("a chatty device is missed within hours, and its late success is believed", async () => {
    const { db, deviceId, id, plan } = await scene(6 * HOUR_MS);
    expect(await why(db, deviceId)).toContain("its longest pause of late was 6 h");

    expect(await judged(db, id, after(18 * HOUR_MS - MINUTE_MS))).toEqual(OPEN);
    expect(await judged(db, id, after(18 * HOUR_MS))).toEqual(SILENT);
    expect(await detailOf(db)).toEqual({
      detail:
        "It was not heard of for 18 h: three times as long as usual, for its longest pause of late was 6 h.",
    });

    await report(db, deviceId, plan, [finished("succeeded", "2.0")], after(DAY_MS));
    expect((await refreshed(db, id)).counts).toMatchObject({ silent: 0, succeeded: 1 });
  });

  test("a weekly device is waited for for weeks", async () => {
    const { db, id } = await scene(7 * DAY_MS);

    expect(await judged(db, id, after(20 * DAY_MS))).toEqual(OPEN);
    expect(await judged(db, id, after(21 * DAY_MS))).toEqual(SILENT);
  });

  test("of whom no habit is known yet, a day is enough", async () => {
    const { db, deviceId, id } = await scene(HOUR_MS, 1);
    expect(await why(db, deviceId)).toContain("its habit is not known yet");

    expect(await judged(db, id, after(23 * HOUR_MS))).toEqual(OPEN);
    expect(await judged(db, id, after(DAY_MS))).toEqual(SILENT);
  });

  test("six hours without a server are charged to nobody, and are no habit", async () => {
    const { db, deviceId, id, seen } = await scene(20 * MINUTE_MS, 3);
    const back = after(6 * HOUR_MS);
    await up(db, START, TEST_NOW);
    const restarted = createDeploymentTender({ clock: clockAt(back), log: silentLog });
    await restarted.tend(db);
    expect((await refreshed(db, id)).counts).toMatchObject({ open: 1, silent: 0 });

    expect(await judged(db, id, instant(back + 59 * MINUTE_MS), back)).toEqual(OPEN);
    await seen(instant(back + 59 * MINUTE_MS));
    expect(await why(db, deviceId)).toContain("its longest pause of late was 20 min");
    expect(await judged(db, id, instant(back + 100 * MINUTE_MS), back)).toEqual(OPEN);
    expect(await judged(db, id, instant(back + 119 * MINUTE_MS), back)).toEqual(SILENT);
  });

  test("a restart within minutes takes no time from anybody", async () => {
    const { db, id } = await scene(HOUR_MS, 3);
    await up(db, START, after(3 * HOUR_MS - 2 * MINUTE_MS));
    await createDeploymentTender({ clock: clockAt(after(3 * HOUR_MS)), log: silentLog }).tend(db);

    expect((await refreshed(db, id)).counts).toMatchObject({ open: 0, silent: 1 });
  });

  test("a device that is heard of is not silent, and its update times out after a day", async () => {
    const { db, id, seen } = await scene(HOUR_MS, 3);
    for (let hour = 2; hour <= 23; hour += 3) {
      await seen(after(hour * HOUR_MS));
      expect(await judged(db, id, after(hour * HOUR_MS + HOUR_MS))).toMatchObject({ silent: 0 });
    }
    expect(await judged(db, id, after(DAY_MS))).toEqual({ open: 0, silent: 0, timedOut: 1 });
  });

  test("what the database finds is what the planner says, whatever the habits", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(
      db,
      Array.from({ length: 60 }, (_, index) => index + 1),
    );
    const { id, plan } = await deploy(db, await addRelease(db, "2.0"), {
      plan: { limits: { concurrentMax: 100 } },
    });
    const at = after(40 * DAY_MS);
    // Spread over minutes to weeks; the same in each run.
    const spread = (index: number, step: number) => ((index * step) % 23) ** 3 * 5 * MINUTE_MS;
    const expected: DeviceId[] = [];
    for (const [index, deviceId] of ids.entries()) {
      await checkIn(db, deviceId);
      const habit = {
        longestMs: spread(index, 7),
        longestBeforeMs: index % 4 === 0 ? null : spread(index, 5),
      };
      const updatedAt = instant(at - spread(index, 11));
      const lastSeenAt = index % 5 === 0 ? null : instant(at - spread(index, 13));
      await db.transaction(async ({ kysely }) => {
        await kysely
          .updateTable("device")
          .set({
            last_seen_at: lastSeenAt,
            habit_longest: habit.longestMs,
            habit_longest_before: habit.longestBeforeMs,
          })
          .where("id", "=", deviceId)
          .execute();
        await kysely
          .updateTable("assignment")
          .set({ updated_at: updatedAt })
          .where("device_id", "=", deviceId)
          .execute();
      });
      if (silenceEndsAt(patienceOf(plan, habit), { updatedAt, lastSeenAt }) <= at)
        expected.push(deviceId);
    }

    const question = {
      deploymentId: id,
      states: ["offered"] as const,
      withKeepers: true,
      limit: 1_000,
    };
    const found = await quietByHabit(db, question, { heardSince: 0, at });
    expect(found.map(({ assignment }) => assignment.deviceId).toSorted()).toEqual(
      expected.toSorted(),
    );
    expect(expected.length).toBeGreaterThan(5);
    expect(expected.length).toBeLessThan(55);
  });
});
