import { DAY_MS, HOUR_MS, MINUTE_MS } from "@moult/base";
import type { DeviceId } from "@moult/model";
import { describe, expect, test, vi } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { silentLog, useTestDatabase } from "../platform/test-database.fixture.ts";
import { createLastSeen } from "./last-seen.ts";
import { testFleet, type TestFleet } from "./test-fleet.fixture.ts";

const seenAt = async (db: TenantDb, deviceId: DeviceId): Promise<number | null> => {
  const row = await db.kysely
    .selectFrom("device")
    .select("last_seen_at")
    .where("id", "=", deviceId)
    .executeTakeFirstOrThrow();
  return row.last_seen_at;
};
const habitOf = async (db: TenantDb, deviceId: DeviceId) => {
  const row = await db.kysely
    .selectFrom("device")
    .select(["habit_longest", "habit_longest_before"])
    .where("id", "=", deviceId)
    .executeTakeFirstOrThrow();
  return [row.habit_longest, row.habit_longest_before];
};
/** A server comes up after none was. */
const hear = ({ db, clock }: TestFleet) =>
  db.transaction(async ({ kysely, tenantId }) => {
    await kysely
      .updateTable("tenant")
      .set({ heard_since: clock.now(), heard_until: clock.now() })
      .where("id", "=", tenantId)
      .execute();
  });
const lastSeenOf = ({ clock }: TestFleet, flushMs = 3_600_000) =>
  createLastSeen({ clock, log: silentLog, flushMs });

describe.each(DIALECTS)("last-seen times on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const fleetOf = async () => testFleet(await store.newTenant());

  test("they are written together, for every tenant, and at the end", async () => {
    const [ours, theirs] = [await fleetOf(), await fleetOf()];
    const [first, second] = [await ours.accepted(), await ours.accepted()];
    const foreign = await theirs.accepted();
    const lastSeen = lastSeenOf(ours);
    const at = ours.clock.now();

    lastSeen.note(ours.db, first);
    lastSeen.note(theirs.db, foreign);
    expect(await seenAt(ours.db, first)).toBeNull();
    await lastSeen.flush();
    expect(await seenAt(ours.db, first)).toBe(at);
    expect(await seenAt(theirs.db, foreign)).toBe(at);

    ours.clock.pass(10);
    lastSeen.note(ours.db, second);
    await lastSeen.close();
    expect(await seenAt(ours.db, second)).toBe(at + 10);
    expect(await seenAt(ours.db, first)).toBe(at);
  });

  test("the longest pauses of a device are kept, of this fortnight and the one before", async () => {
    const fleet = await fleetOf();
    const deviceId = await fleet.accepted();
    await hear(fleet);
    const lastSeen = lastSeenOf(fleet);
    const seen = async (afterMs: number) => {
      fleet.clock.pass(afterMs);
      lastSeen.note(fleet.db, deviceId);
      await lastSeen.flush();
      return habitOf(fleet.db, deviceId);
    };

    expect(await seen(0)).toEqual([0, null]);
    expect(await seen(HOUR_MS)).toEqual([HOUR_MS, null]);
    expect(await seen(3 * DAY_MS)).toEqual([3 * DAY_MS, null]);
    expect(await seen(HOUR_MS)).toEqual([3 * DAY_MS, null]);
    expect(await seen(11 * DAY_MS)).toEqual([0, 11 * DAY_MS]);
    expect(await seen(DAY_MS)).toEqual([DAY_MS, 11 * DAY_MS]);
    expect(await seen(13 * DAY_MS)).toEqual([0, 13 * DAY_MS]);
    await lastSeen.close();
  });

  test("a pause in which no server was up is none of the device's", async () => {
    const fleet = await fleetOf();
    const deviceId = await fleet.accepted();
    const lastSeen = lastSeenOf(fleet);
    const seen = async () => {
      lastSeen.note(fleet.db, deviceId);
      await lastSeen.flush();
      return habitOf(fleet.db, deviceId);
    };
    // Nobody has said yet since when it could be heard.
    await seen();
    fleet.clock.pass(HOUR_MS);
    expect(await seen()).toEqual([0, null]);

    await hear(fleet);
    fleet.clock.pass(HOUR_MS);
    expect(await seen()).toEqual([HOUR_MS, null]);
    fleet.clock.pass(6 * HOUR_MS);
    await hear(fleet);
    fleet.clock.pass(MINUTE_MS);
    expect(await seen()).toEqual([HOUR_MS, null]);
    await lastSeen.close();
  });

  test("an older time, as of a slow replica, never replaces a newer one", async () => {
    const fleet = await fleetOf();
    const deviceId = await fleet.accepted();
    const slow = lastSeenOf(fleet);
    slow.note(fleet.db, deviceId);
    fleet.clock.pass(1_000);
    const fast = lastSeenOf(fleet);
    fast.note(fleet.db, deviceId);

    await fast.close();
    await slow.close();

    expect(await seenAt(fleet.db, deviceId)).toBe(fleet.clock.now());
  });

  test("another tenant's device is not touched", async () => {
    const [ours, theirs] = [await fleetOf(), await fleetOf()];
    const deviceId = await ours.accepted();
    const lastSeen = lastSeenOf(theirs);

    lastSeen.note(theirs.db, deviceId);
    await lastSeen.close();

    expect(await seenAt(ours.db, deviceId)).toBeNull();
  });

  test("thousands of devices are one flush", async () => {
    const fleet = await fleetOf();
    const deviceId = await fleet.accepted();
    const lastSeen = lastSeenOf(fleet);
    for (let index = 0; index < 2_500; index += 1)
      lastSeen.note(fleet.db, crypto.randomUUID() as DeviceId);
    lastSeen.note(fleet.db, deviceId);

    await lastSeen.close();

    expect(await seenAt(fleet.db, deviceId)).toBe(fleet.clock.now());
  });

  test("what could not be written is written the next time", async () => {
    const fleet = await fleetOf();
    const deviceId = await fleet.accepted();
    let isBroken = true;
    const sometimes: TenantDb = {
      ...fleet.db,
      transaction: (work) =>
        isBroken ? Promise.reject(new Error("disk full")) : fleet.db.transaction(work),
    };
    const lastSeen = lastSeenOf(fleet);
    const at = fleet.clock.now();
    lastSeen.note(sometimes, deviceId);

    await lastSeen.flush();
    isBroken = false;
    fleet.clock.pass(5);
    await lastSeen.close();

    expect(await seenAt(fleet.db, deviceId)).toBe(at);
  });

  test("nobody has to ask for a flush", async () => {
    const fleet = await fleetOf();
    const deviceId = await fleet.accepted();
    const lastSeen = lastSeenOf(fleet, 5);

    lastSeen.note(fleet.db, deviceId);

    await vi.waitFor(async () => expect(await seenAt(fleet.db, deviceId)).not.toBeNull());
    await lastSeen.close();
  });
});
