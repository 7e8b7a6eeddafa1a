import { operations } from "@moult/api";
import type { DeviceId, GroupId, HardwareType, ProductName } from "@moult/model";
import { sql } from "kysely";
import { beforeAll, describe, expect, test } from "vitest";
import { createGroupHandlers } from "../groups/index.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import { devicePage } from "./list-queries.ts";
import { plansOf } from "./query-plan.fixture.ts";
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
    query: { limit: 50, ...query },
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
    expect(counts).toEqual({
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

  describe("of a hundred thousand", () => {
    let db: TenantDb;
    const group = "01990000-0000-7000-8000-000000000001" as GroupId;
    beforeAll(async () => {
      db = await store.newTenant();
      await addProduct(db);
      await addProduct(db, "camera" as ProductName);
      await fillTenant(db, group);
      if (dialect === "postgres")
        await sql`analyze device, device_group_member`.execute(store.database.writer);
    }, 60_000);

    test.each<[string, Parameters<typeof devicePage>[1], index: RegExp]>([
      ["all of them", {}, /device_newest\b/],
      ["those of a product", { product: "camera" as ProductName }, /device_newest_in_product\b/],
      ["those that wait", { state: "pending" }, /device_newest_in_state\b/],
      [
        "those of a product that wait",
        { product: PRODUCT, state: "pending" },
        /device_newest_in_state\b|device_by_state\b/,
      ],
      ["those that run a rare release", { product: PRODUCT, running: "v1" }, /device_by_running\b/],
      ["those of a group", { groupId: group }, /device_group_member/],
    ])("%s are found by an index", async (_, filter, index) => {
      const page = await devicePage(db, filter, undefined, 50);
      const plans = await plansOf(db, dialect, (asked) =>
        devicePage(
          asked,
          filter,
          { sortedBy: 50_000, id: "01990000-0000-7000-8000-000000000001" },
          50,
        ),
      );

      expect(page.items.length).toBeLessThanOrEqual(50);
      expect(page.items.length).toBeGreaterThan(3);
      expect(plans[0]).toMatch(index);
      for (const plan of plans) expect(plan).not.toMatch(/(Seq Scan on|SCAN) device\b/);
      // Keys and groups of all devices of a page are one question each.
      expect(plans).toHaveLength(3);
    });

    test("a search that finds nothing reads each device once", async () => {
      const [plan] = await plansOf(db, dialect, (asked) =>
        devicePage(asked, { search: "no such text" }, undefined, 50),
      );

      expect((await devicePage(db, { search: "sn-4242" }, undefined, 50)).items).toHaveLength(11);
      expect(plan).not.toMatch(/NESTED|TEMP B-TREE/i);
    });
  });
});

/** 100,000 devices: one in five a camera, twenty waiting, one in fifty on v1, fifty in a group. */
async function fillTenant(db: TenantDb, group: GroupId): Promise<void> {
  const tenantId = sql.lit(db.tenantId);
  await db.transaction(async (inner) => {
    await sql`
      with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
      insert into device (id, tenant_id, product, hardware_type, identity, identity_sha256, search_text, state, draw,
        credential_epoch, running_artifact, generation, decided_epoch, enrolled_at)
      select '01990000-0000-7000-8000-' || substr('000000000000' || i, length('' || i) + 1), ${tenantId},
        case when i % 5 = 0 then 'camera' else 'gateway' end, 'gw2', '{"serial":"SN-' || i || '"}', 'sha' || i,
        ${"\n"} || 'sn-' || i, case when i <= 20 then 'pending' else 'accepted' end, i,
        0, case when i % 50 = 1 then 'v1' else 'v2' end, 0, 0, i
      from n`.execute(inner.kysely);
    await inner.kysely
      .insertInto("device_group")
      .values({ id: group, tenant_id: db.tenantId, product: PRODUCT, name: "g", created_at: 0 })
      .execute();
    await sql`insert into device_group_member (tenant_id, group_id, device_id)
      select tenant_id, ${sql.lit(group)}, id from device where tenant_id = ${tenantId} and draw % 2000 = 1`.execute(
      inner.kysely,
    );
  });
}
