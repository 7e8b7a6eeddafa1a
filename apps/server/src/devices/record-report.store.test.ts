import type { DeviceId, Inventory } from "@moult/model";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import { UNDECIDED_EPOCH } from "../platform/planning-epoch.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import { recordInventory, recordRunning, recordTraits } from "./record-report.ts";
import {
  TRAITS,
  asOperator,
  eventBodies,
  planningEpoch,
  testFleet,
  type TestFleet,
} from "./test-fleet.fixture.ts";

const show = ({ handlers, db }: TestFleet, deviceId: DeviceId) =>
  handlers.showDevice(asOperator(db), { params: { deviceId }, query: undefined, body: undefined });
const running = (artifactName: string, more: Record<string, string> = {}) => ({
  artifactName,
  provides: { artifact_name: artifactName, ...more },
});
const report = (fleet: TestFleet, deviceId: DeviceId, what: ReturnType<typeof running>) =>
  fleet.db.transaction((inner) => recordRunning(inner, deviceId, what, fleet.clock.now()));
const take = (fleet: TestFleet, deviceId: DeviceId, inventory: Inventory) =>
  fleet.db.transaction((inner) => recordInventory(inner, deviceId, inventory, fleet.clock.now()));

/** As if the planner had answered the device just now. */
const decided = async ({ db }: TestFleet, deviceId: DeviceId): Promise<void> => {
  const epoch = await planningEpoch(db);
  await db.transaction((inner) =>
    inner.kysely
      .updateTable("device")
      .set({ decided_epoch: epoch, next_decision_at: 1 })
      .where("id", "=", deviceId)
      .execute(),
  );
};
const decidedEpoch = async ({ db }: TestFleet, deviceId: DeviceId): Promise<number> => {
  const row = await db.kysely
    .selectFrom("device")
    .select("decided_epoch")
    .where("id", "=", deviceId)
    .executeTakeFirstOrThrow();
  return row.decided_epoch;
};

describe.each(DIALECTS)("what devices report on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const fleetOf = async () => testFleet(await store.newTenant());

  test("what a device runs becomes its history, and it is decided about anew", async () => {
    const fleet = await fleetOf();
    const deviceId = await fleet.accepted();
    await decided(fleet, deviceId);
    const epoch = await planningEpoch(fleet.db);

    expect(await report(fleet, deviceId, running("v1"))).toBe(true);
    fleet.clock.pass(60_000);
    expect(await report(fleet, deviceId, running("v2"))).toBe(true);

    const device = await show(fleet, deviceId);
    expect(device.running).toEqual(running("v2"));
    expect(device.history).toEqual([
      { artifactName: "v2", since: "2026-01-05T12:01:00.000Z", until: null },
      {
        artifactName: "v1",
        since: "2026-01-05T12:00:00.000Z",
        until: "2026-01-05T12:01:00.000Z",
      },
    ]);
    expect((await eventBodies(fleet.db, deviceId)).slice(1)).toEqual([
      { kind: "device-running-changed", from: null, to: "v1" },
      { kind: "device-running-changed", from: "v1", to: "v2" },
    ]);
    expect(await decidedEpoch(fleet, deviceId)).toBe(UNDECIDED_EPOCH);
    expect(await planningEpoch(fleet.db)).toBe(epoch);
  });

  test("the same report again is no news", async () => {
    const fleet = await fleetOf();
    const deviceId = await fleet.accepted();
    await report(fleet, deviceId, running("v1", { "app.version": "7" }));
    await take(fleet, deviceId, { os: "Debian" });
    await decided(fleet, deviceId);

    expect(await report(fleet, deviceId, running("v1", { "app.version": "7" }))).toBe(false);
    expect(await take(fleet, deviceId, { os: "Debian" })).toBe(false);

    expect(await decidedEpoch(fleet, deviceId)).toBeGreaterThan(UNDECIDED_EPOCH);
    expect(await eventBodies(fleet.db, deviceId)).toHaveLength(3);
  });

  test("another component under the same artifact is known, without a new run", async () => {
    const fleet = await fleetOf();
    const deviceId = await fleet.accepted();
    await report(fleet, deviceId, running("v1", { "app.version": "7" }));

    expect(await report(fleet, deviceId, running("v1", { "app.version": "8" }))).toBe(true);

    const device = await show(fleet, deviceId);
    expect(device.running?.provides).toMatchObject({ "app.version": "8" });
    expect(device.history).toHaveLength(1);
    expect(await decidedEpoch(fleet, deviceId)).toBe(UNDECIDED_EPOCH);
  });

  test("the inventory is exactly what was reported last", async () => {
    const fleet = await fleetOf();
    const deviceId = await fleet.accepted();

    await take(fleet, deviceId, { os: "Debian", kernel: "6.1", gone: "soon" });
    await take(fleet, deviceId, { kernel: "6.12", os: "Debian", site: "roof" });

    expect((await show(fleet, deviceId)).inventory).toEqual({
      kernel: "6.12",
      os: "Debian",
      site: "roof",
    });
    await take(fleet, deviceId, {});
    expect((await show(fleet, deviceId)).inventory).toEqual({});
  });

  test("hostile attributes are kept as the text they are", async () => {
    const fleet = await fleetOf();
    const deviceId = await fleet.accepted();
    const hostile = {
      "<img src=x onerror=alert(1)>": "'; drop table device; --",
      __proto__x: "\u{1f4a9}",
      long: Array.from({ length: 4_096 }, (_, index) =>
        String.fromCharCode(0x4e00 + ((index * 7919) % 20_000)),
      ).join(""),
    };

    await take(fleet, deviceId, { ...hostile, nul: "a\0b", lone: "a\u{d800}b" });

    expect((await show(fleet, deviceId)).inventory).toEqual({
      ...hostile,
      nul: "a\u{fffd}b",
      lone: "a\u{fffd}b",
    });
  });

  test("the largest inventory there may be is taken", async () => {
    const fleet = await fleetOf();
    const deviceId = await fleet.accepted();
    const inventory = Object.fromEntries(
      Array.from({ length: 200 }, (_, index) => [`name-${index}`, `${index}`.repeat(800)]),
    );

    await take(fleet, deviceId, inventory);

    expect((await show(fleet, deviceId)).inventory).toEqual(inventory);
  });

  test("traits that change make the device be decided about anew", async () => {
    const fleet = await fleetOf();
    const deviceId = await fleet.accepted();
    await decided(fleet, deviceId);
    const traitsOf = (traits: typeof TRAITS) =>
      fleet.db.transaction((inner) => recordTraits(inner, deviceId, traits));

    expect(await traitsOf(TRAITS)).toBe(false);
    expect(await decidedEpoch(fleet, deviceId)).toBeGreaterThan(UNDECIDED_EPOCH);
    expect(await traitsOf({ ...TRAITS, payloadTypes: ["directory"] })).toBe(true);
    expect(await decidedEpoch(fleet, deviceId)).toBe(UNDECIDED_EPOCH);
    expect((await show(fleet, deviceId)).traits?.payloadTypes).toEqual(["directory"]);
  });

  test("a report in another tenant's name changes nothing", async () => {
    const [ours, theirs] = [await fleetOf(), await fleetOf()];
    const deviceId = await ours.accepted();
    await report(ours, deviceId, running("v1"));
    await take(ours, deviceId, { os: "Debian" });
    const before = await show(ours, deviceId);

    expect(await report(theirs, deviceId, running("evil"))).toBe(false);
    expect(await take(theirs, deviceId, { os: "evil" })).toBe(false);
    expect(
      await theirs.db.transaction((inner) =>
        recordTraits(inner, deviceId, { ...TRAITS, client: "evil" }),
      ),
    ).toBe(false);

    expect(await show(ours, deviceId)).toEqual(before);
  });
});
