import { operations } from "@moult/api";
import type { DeviceId, GroupId, HardwareType, ProductName } from "@moult/model";
import { describe, expect, test } from "vitest";
import { createGroupHandlers } from "../groups/index.ts";
import { DIALECTS } from "../platform/dialect.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import { recordRunning } from "./record-report.ts";
import {
  PRODUCT,
  addProduct,
  asOperator,
  testClock,
  testFleet,
  type TestFleet,
} from "./test-fleet.fixture.ts";

type Query = Parameters<TestFleet["handlers"]["listDevices"]>[1]["query"];
const list = ({ handlers, db }: TestFleet, query: Partial<Query> = {}) =>
  handlers.listDevices(asOperator(db), {
    params: undefined,
    query: { limit: 50, sort: "newest", ...query },
    body: undefined,
  });
const idsOf = async (fleet: TestFleet, query: Partial<Query> = {}): Promise<DeviceId[]> =>
  (await list(fleet, query)).items.map(({ id }) => id);
const count = ({ handlers, db }: TestFleet, product?: ProductName) =>
  handlers.countDevices(asOperator(db), {
    params: undefined,
    query: { product },
    body: undefined,
  });

async function groupOf({ db }: TestFleet, deviceIds: DeviceId[]): Promise<GroupId> {
  const groups = createGroupHandlers({ clock: testClock() });
  const made = await groups.createGroup(asOperator(db), {
    params: undefined,
    query: undefined,
    body: { name: `group of ${deviceIds.length}`, product: PRODUCT },
  });
  await groups.addToGroup(asOperator(db), {
    params: { groupId: made.id },
    query: undefined,
    body: { deviceIds },
  });
  return made.id;
}

describe.each(DIALECTS)("lists of devices on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const fleetOf = async () => testFleet(await store.newTenant());

  test("pages go from the newest to the oldest, each device once", async () => {
    const fleet = await fleetOf();
    const enrolled: DeviceId[] = [];
    for (let index = 0; index < 8; index += 1) {
      enrolled.push(await fleet.accepted());
      // Some of them in the same millisecond.
      if (index % 2 === 0) fleet.clock.pass(1_000);
    }

    const seen: DeviceId[] = [];
    let cursor: string | undefined;
    do {
      const page = await list(fleet, { limit: 2, cursor });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);

    expect(seen.toSorted()).toEqual(enrolled.toSorted());
    expect(seen[0]).toBe(enrolled.at(-1));
    const times = (await list(fleet)).items.map(({ enrolledAt }) => enrolledAt);
    expect(times).toEqual(times.toSorted().toReversed());
  });

  test("each filter finds what it says, and they hold together", async () => {
    const fleet = await fleetOf();
    const camera = "camera" as ProductName;
    await addProduct(fleet.db, camera);
    const [first, second] = [await fleet.accepted(), await fleet.accepted()];
    const other = await fleet.accepted({ hardwareType: "gw3" as HardwareType });
    const waiting = await fleet.enrol({ token: await fleet.token(false) });
    const group = await groupOf(fleet, [second, other]);
    await fleet.db.transaction((inner) =>
      recordRunning(inner, first, { artifactName: "v7", provides: {} }, fleet.clock.now()),
    );

    expect(await idsOf(fleet, { running: "v7" })).toEqual([first]);
    expect(await idsOf(fleet, { state: "pending" })).toEqual([
      (waiting as { deviceId: DeviceId }).deviceId,
    ]);
    expect(await idsOf(fleet, { hardwareType: "gw3" as HardwareType })).toEqual([other]);
    expect((await idsOf(fleet, { groupId: group })).toSorted()).toEqual([second, other].toSorted());
    expect(await idsOf(fleet, { groupId: group, hardwareType: "gw3" as HardwareType })).toEqual([
      other,
    ]);
    expect(await idsOf(fleet, { product: camera })).toEqual([]);
    expect(await idsOf(fleet, { product: PRODUCT })).toHaveLength(4);
    const [shown] = (await list(fleet, { groupId: group, search: second })).items;
    expect(shown?.groupIds).toEqual([group]);
  });

  test("a search takes every character for itself", async () => {
    const fleet = await fleetOf();
    const percent = await fleet.accepted({ identity: { serial: "100%" } });
    const underscore = await fleet.accepted({ identity: { serial: "a_b" } });
    const plain = await fleet.accepted({ identity: { serial: "aXb\\c'd" } });

    expect(await idsOf(fleet, { search: "%" })).toEqual([percent]);
    expect(await idsOf(fleet, { search: "a_b" })).toEqual([underscore]);
    expect(await idsOf(fleet, { search: "axb\\C'" })).toEqual([plain]);
    expect(await idsOf(fleet, { search: plain.slice(4, 20).toUpperCase() })).toEqual([plain]);
    expect(await idsOf(fleet, { search: "nothing" })).toEqual([]);
    expect(await idsOf(fleet, { search: "a\0\u{d800}" })).toEqual([]);
    expect(await idsOf(fleet, { running: "v\0" })).toEqual([]);
  });

  test("a device is found by its new name and not by its old one", async () => {
    const fleet = await fleetOf();
    const deviceId = await fleet.accepted({ identity: { serial: "SN-1" } });
    const rename = (name: string | null) =>
      fleet.handlers.renameDevice(asOperator(fleet.db), {
        params: { deviceId },
        query: undefined,
        body: { name },
      });

    expect(await rename("Roof Left")).toMatchObject({ name: "Roof Left" });
    expect(await idsOf(fleet, { search: "roof" })).toEqual([deviceId]);
    expect(await rename("Cellar\0")).toMatchObject({ name: "Cellar\u{fffd}" });
    expect(await idsOf(fleet, { search: "roof" })).toEqual([]);
    expect(await idsOf(fleet, { search: "sn-1" })).toEqual([deviceId]);
    expect(await rename(null)).toMatchObject({ name: null });
  });

  test("counts name every state, and what the accepted devices run", async () => {
    const fleet = await fleetOf();
    const ids = [await fleet.accepted(), await fleet.accepted(), await fleet.accepted()];
    await fleet.enrol({ token: await fleet.token(false) });
    for (const deviceId of ids.slice(0, 2))
      await fleet.db.transaction((inner) =>
        recordRunning(inner, deviceId, { artifactName: "v1", provides: {} }, fleet.clock.now()),
      );

    const counts = await count(fleet);
    expect(counts).toMatchObject({
      byState: { pending: 1, accepted: 3, rejected: 0, decommissioned: 0 },
      byRunning: [
        { artifactName: "v1", count: 2 },
        { artifactName: null, count: 1 },
      ],
    });
    expect(operations.countDevices.reply.parse(counts)).toEqual(counts);
    expect((await count(fleet, "camera" as ProductName)).byRunning).toEqual([]);
  });

  test("a device's timeline is the newest first, in pages", async () => {
    const fleet = await fleetOf();
    const deviceId = await fleet.accepted();
    for (const artifactName of ["v1", "v2"])
      await fleet.db.transaction((inner) =>
        recordRunning(inner, deviceId, { artifactName, provides: {} }, fleet.clock.now()),
      );
    const timeline = (cursor?: string) =>
      fleet.handlers.listDeviceTimeline(asOperator(fleet.db), {
        params: { deviceId },
        query: { limit: 2, cursor },
        body: undefined,
      });

    const first = await timeline();
    expect(first.items.map(({ body }) => body)).toEqual([
      { kind: "device-running-changed", from: "v1", to: "v2" },
      { kind: "device-running-changed", from: null, to: "v1" },
    ]);
    const second = await timeline(first.nextCursor ?? undefined);
    expect(second).toMatchObject({
      items: [{ deviceId, body: { kind: "device-enrolled" } }],
      nextCursor: null,
    });
    expect(operations.listDeviceTimeline.reply.parse(second)).toEqual(second);
  });

  test("another tenant's devices are in no list, no count, and cannot be shown or renamed", async () => {
    const [ours, theirs] = [await fleetOf(), await fleetOf()];
    const deviceId = await ours.accepted();
    const group = await groupOf(ours, [deviceId]);
    const input = { params: { deviceId }, query: undefined, body: undefined };

    expect(await idsOf(theirs)).toEqual([]);
    expect(await idsOf(theirs, { groupId: group })).toEqual([]);
    expect(await idsOf(theirs, { search: deviceId })).toEqual([]);
    expect((await count(theirs)).byState.accepted).toBe(0);
    const notThere = { code: "not-found" };
    const operator = asOperator(theirs.db);
    await expect(theirs.handlers.showDevice(operator, input)).rejects.toMatchObject(notThere);
    await expect(
      theirs.handlers.renameDevice(operator, { ...input, body: { name: "evil" } }),
    ).rejects.toMatchObject(notThere);
    await expect(
      theirs.handlers.listDeviceTimeline(operator, { ...input, query: { limit: 10 } }),
    ).rejects.toMatchObject(notThere);
    expect((await list(ours)).items[0]?.name).toBeNull();
  });
});
