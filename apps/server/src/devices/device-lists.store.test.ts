import { operations, type DeviceFilter, type DeviceSort } from "@moult/api";
import type { DeviceId, GroupId, ProductName } from "@moult/model";
import { CompiledQuery, sql } from "kysely";
import { beforeAll, describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import { countMatching } from "./count-queries.ts";
import { matchOf } from "./filter-queries.ts";
import { CAMERA, LARGE_NOW, largeFleet } from "./large-fleet.fixture.ts";
import { devicePage } from "./list-queries.ts";
import { plansOf } from "./query-plan.fixture.ts";
import { recordInventory } from "./record-report.ts";
import { moveLastSeen } from "./report-queries.ts";
import {
  PRODUCT,
  addProduct,
  asOperator,
  testFleet,
  type TestFleet,
} from "./test-fleet.fixture.ts";

type Query = Parameters<TestFleet["handlers"]["listDevices"]>[1]["query"];
const asked = <Q>(query: Q) => ({ params: undefined, query, body: undefined });
const list = ({ handlers, db }: TestFleet, query: Partial<Query> = {}) =>
  handlers.listDevices(asOperator(db), asked({ limit: 50, sort: "newest" as const, ...query }));
const idsOf = async (fleet: TestFleet, query: Partial<Query> = {}): Promise<DeviceId[]> =>
  (await list(fleet, query)).items.map(({ id }) => id);

async function walk(fleet: TestFleet, query: Partial<Query>): Promise<DeviceId[]> {
  const seen: DeviceId[] = [];
  let cursor: string | undefined;
  do {
    const page = await list(fleet, { ...query, limit: 2, cursor });
    seen.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return seen;
}

const report = ({ db, clock }: TestFleet, deviceId: DeviceId, inventory: Record<string, string>) =>
  db.transaction((inner) => recordInventory(inner, deviceId, inventory, clock.now()));

async function camera({ db, handlers }: TestFleet) {
  const { secret } = await handlers.createEnrolmentToken(asOperator(db), {
    params: undefined,
    query: undefined,
    body: { product: CAMERA, label: "", accepts: true, usesMax: 1, expiresInSeconds: 3_600 },
  });
  return { product: CAMERA, token: secret };
}

/** So many conditions that devices are asked in several statements; only the last is ever true. */
const LONG = [
  ...Array.from({ length: 8 }, (_, index) => `inventory.serial = "*x${index}*"`),
  "inventory.serial = SN-4242*",
].join(" OR ");

describe.each(DIALECTS)("lists of devices on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const fleetOf = async () => testFleet(await store.newTenant());

  test("each order shows every device once, page by page, in both directions of the same time", async () => {
    const fleet = await fleetOf();
    const ids: DeviceId[] = [];
    for (const serial of ["b", "Ä", "a", "B", "z", "a", "0"])
      ids.push(await fleet.accepted({ identity: { serial, number: String(ids.length) } }));
    await fleet.db.transaction((inner) =>
      moveLastSeen(inner, [
        [ids[3]!, 2_000],
        [ids[1]!, 1_000],
        [ids[4]!, 2_000],
      ]),
    );

    for (const sort of ["newest", "oldest", "name", "seen"] as const) {
      const walked = await walk(fleet, { sort });
      expect(walked).toEqual(await idsOf(fleet, { sort }));
      expect(walked.toSorted()).toEqual(ids.toSorted());
      // The same devices by a condition that fits few of them, and is found another way.
      expect(await walk(fleet, { sort, search: "", state: "accepted" })).toEqual(walked);
    }
    expect(await walk(fleet, { sort: "oldest" })).toEqual(
      (await walk(fleet, { sort: "newest" })).toReversed(),
    );
    const names = (await list(fleet, { sort: "name" })).items.map(
      ({ identity }) => identity["serial"],
    );
    expect(names.map((name) => name?.toLowerCase())).toEqual(["0", "a", "a", "b", "b", "z", "ä"]);
    expect((await walk(fleet, { sort: "seen" })).slice(0, 3)).toEqual([
      ...[ids[3]!, ids[4]!].toSorted().toReversed(),
      ids[1],
    ]);
  });

  test("a device is sorted by the name that a person gave it", async () => {
    const fleet = await fleetOf();
    const [first, second] = [
      await fleet.accepted({ identity: { serial: "1" } }),
      await fleet.accepted({ identity: { serial: "2" } }),
    ];
    expect(await idsOf(fleet, { sort: "name" })).toEqual([first, second]);

    const input = { params: { deviceId: first }, query: undefined, body: { name: "Zed" } };
    await fleet.handlers.renameDevice(asOperator(fleet.db), input);

    expect(await idsOf(fleet, { sort: "name" })).toEqual([second, first]);
  });

  test("a cursor of another list is refused", async () => {
    const fleet = await fleetOf();
    for (let count = 0; count < 3; count += 1) await fleet.accepted();
    const { nextCursor: cursor } = await list(fleet, { limit: 1, state: "accepted" });

    for (const other of [{}, { state: "accepted", sort: "oldest" }] as Partial<Query>[])
      await expect(list(fleet, { ...other, cursor: cursor! })).rejects.toMatchObject({
        code: "invalid-request",
        detail: expect.stringContaining("another filter or order"),
      });
    expect(await idsOf(fleet, { state: "accepted", cursor: cursor!, limit: 200 })).toHaveLength(2);
  });

  test("contact follows from when a device was last heard of, in rows, filters and counts alike", async () => {
    const fleet = await fleetOf();
    const [onTime, late, silent, never] = [
      await fleet.accepted(),
      await fleet.accepted(),
      await fleet.accepted(),
      await fleet.accepted(),
    ];
    const now = fleet.clock.now();
    await fleet.db.transaction((inner) =>
      moveLastSeen(inner, [
        [onTime, now - 60_000],
        [late, now - 3_600_000],
        [silent, now - 30 * 3_600_000],
      ]),
    );

    const expected = { "on-time": onTime, late, silent, "never-seen": never } as const;
    for (const [contact, deviceId] of Object.entries(expected)) {
      const { items } = await list(fleet, { contact: contact as keyof typeof expected });
      expect(items).toMatchObject([{ id: deviceId, contact }]);
    }
    const counts = await fleet.handlers.countDevices(asOperator(fleet.db), asked({}));
    expect(counts.byContact).toEqual({ "on-time": 1, late: 1, silent: 1, "never-seen": 1 });
    expect(counts.updating).toBe(0);
    expect(operations.countDevices.reply.parse(counts)).toEqual(counts);
  });

  test("attributes are filters, exactly and together, and columns", async () => {
    const fleet = await fleetOf();
    await addProduct(fleet.db, CAMERA);
    const first = await fleet.accepted();
    fleet.clock.pass(1_000);
    const second = await fleet.accepted();
    const long = "x".repeat(200);
    await report(fleet, first, { region: "eu", site: "roof", note: `${long}1`, formula: "a=b" });
    await report(fleet, second, { region: "eu", site: "Roof", note: `${long}2` });

    expect(await idsOf(fleet, { attribute: ["region=eu"] })).toEqual([second, first]);
    expect(await idsOf(fleet, { attribute: ["region=eu", "site=roof"] })).toEqual([first]);
    expect(await idsOf(fleet, { attribute: ["region=e"] })).toEqual([]);
    expect(await idsOf(fleet, { attribute: [`note=${long}2`] })).toEqual([second]);
    expect(await idsOf(fleet, { attribute: ["formula=a=b"] })).toEqual([first]);
    expect(await idsOf(fleet, { attribute: ["region=eu"], product: CAMERA })).toEqual([]);
    const { items } = await list(fleet, { columns: "site,nothing,region" });
    expect(items.map(({ attributes }) => attributes)).toEqual([
      { region: "eu", site: "Roof" },
      { region: "eu", site: "roof" },
    ]);
    expect(operations.listDevices.reply.parse({ items, nextCursor: null }).items).toEqual(items);
  });

  test("a tenant that has no product yet has no device with an attribute", async () => {
    const fleet = { ...(await fleetOf()), db: await store.newTenant() };
    const query = { attribute: ["region=eu"] };

    expect(await idsOf(fleet, query)).toEqual([]);
    expect(await fleet.handlers.countMatchingDevices(asOperator(fleet.db), asked(query))).toEqual({
      count: 0,
      isExact: true,
    });
  });

  test("names and values of inventories are told with how many devices report them", async () => {
    const fleet = await fleetOf();
    await addProduct(fleet.db, CAMERA);
    for (const [site, product] of [
      ["roof", PRODUCT],
      ["roof", PRODUCT],
      ["cellar", CAMERA],
    ] as const)
      await report(fleet, await fleet.accepted(product === PRODUCT ? {} : await camera(fleet)), {
        site,
        ...(product === CAMERA ? { lens: "wide", essay: "x".repeat(300) } : {}),
      });
    const names = async (product?: ProductName) =>
      (await fleet.handlers.listInventoryNames(asOperator(fleet.db), asked({ product }))).items;
    const values = async (name: string, more: { search?: string; product?: ProductName } = {}) =>
      (await fleet.handlers.listInventoryValues(asOperator(fleet.db), asked({ name, ...more })))
        .items;

    expect(await names()).toEqual([
      { name: "site", deviceCount: 3 },
      { name: "essay", deviceCount: 1 },
      { name: "lens", deviceCount: 1 },
    ]);
    expect(await names(PRODUCT)).toEqual([{ name: "site", deviceCount: 2 }]);
    expect(await values("site")).toEqual([
      { value: "roof", deviceCount: 2 },
      { value: "cellar", deviceCount: 1 },
    ]);
    expect(await values("site", { product: CAMERA })).toEqual([
      { value: "cellar", deviceCount: 1 },
    ]);
    expect(await values("site", { search: "OO" })).toEqual([{ value: "roof", deviceCount: 2 }]);
    expect(await values("site", { search: "%" })).toEqual([]);
    await report(fleet, await fleet.accepted(), { site: "Übersee" });
    for (const search of ["übers", "ÜBERS"])
      expect(await values("site", { search })).toEqual([{ value: "Übersee", deviceCount: 1 }]);
    expect(await values("essay")).toEqual([]);
  });

  describe("of a hundred thousand", () => {
    const clock = { now: LARGE_NOW, checkInSeconds: 60 };
    let db: TenantDb;
    let small: GroupId;
    let large: GroupId;
    beforeAll(async () => {
      db = await store.newTenant();
      ({ small, large } = await largeFleet(db));
      await db.transaction(async ({ kysely, tenantId }) => {
        await sql`update device set identity_conflict_at = 1
          where tenant_id = ${tenantId} and draw between 101 and 107`.execute(kysely);
        await sql`update device_key set state = 'pending' where tenant_id = ${tenantId} and device_id in
          (select id from device where tenant_id = ${tenantId} and draw between 201 and 205)`.execute(
          kysely,
        );
      });
      if (dialect === "postgres")
        await store.database.writer.executeQuery(CompiledQuery.raw("analyze"));
    }, 60_000);

    const filters = (): [string, DeviceFilter, count: number][] => [
      ["all", {}, 100_000],
      ["those of a product", { product: PRODUCT }, 80_000],
      ["those of a product that wait", { product: PRODUCT, state: "pending" }, 16],
      ["those that run a rare release", { running: "v1" }, 2_000],
      ["those of a small group", { groupId: small }, 50],
      ["those of a large group", { groupId: large }, 50_000],
      ["those that are silent", { contact: "silent" }, 4_000],
      ["those never seen", { contact: "never-seen" }, 1_000],
      ["those that are on time", { contact: "on-time", state: "accepted" }, 89_980],
      ["those in an update", { updating: "true" }, 100],
      ["those of which another key asks to be theirs", { undecided: "key" }, 5],
      ["those that two machines claim to be", { undecided: "identity" }, 7],
      ["those of them of a product", { undecided: "identity", product: PRODUCT }, 6],
      ["those with a frequent value", { attribute: ["region=eu"] }, 50_000],
      ["those with a rare value", { attribute: ["site=site 7"] }, 100],
      ["those with both", { attribute: ["site=site 8", "region=eu"] }, 100],
      ["those of a kind that is not there", { hardwareType: "none" as never }, 0],
      ["those of a query that asks for one release", { query: "running = v1" }, 2_000],
      [
        "those of a query for a rare value",
        { query: '(state = accepted OR name:*) AND inventory.site = "site 7"' },
        100,
      ],
      ["those of a query that wait", { query: "product = gateway AND state = pending" }, 16],
      ["those of a query that no index helps", { query: "inventory.serial = SN-42*" }, 1_111],
      ["those of a query that contradicts", { product: PRODUCT, query: "product = camera" }, 0],
      ["what a search finds", { search: "sn-4242" }, 11],
    ];

    test("each filter counts what it lists, in every order", async () => {
      for (const [name, filter, count] of filters()) {
        const counted = await countMatching(db, await matchOf(db, filter, clock), 100_000);
        expect([name, counted]).toEqual([name, { count, isExact: true }]);
        for (const sort of ["newest", "oldest", "name", "seen"] as const) {
          const match = await matchOf(db, filter, clock, sort);
          const request = { match, sort, after: undefined, limit: 100, columns: ["region"] };
          const { items } = await devicePage(db, request, clock);
          expect([name, sort, items.length]).toEqual([name, sort, Math.min(count, 100)]);
        }
      }
    });

    test("a long query that no index helps counts what it lists", async () => {
      const filter = { product: "camera" as ProductName, query: LONG };
      const counted = await countMatching(db, await matchOf(db, filter, clock), 100_000);
      expect(counted).toEqual({ count: 2, isExact: true });
      const match = await matchOf(db, filter, clock, "newest");
      const request = { match, sort: "newest" as const, after: undefined, limit: 1, columns: [] };
      const first = await devicePage(db, request, clock);
      const second = await devicePage(db, { ...request, after: first.end }, clock);
      expect([...first.items, ...second.items].map(({ identity }) => identity["serial"])).toEqual([
        "SN-42425",
        "SN-42420",
      ]);
      expect(second.end).toBeUndefined();

      // Looked at in part, it says so.
      expect(await countMatching(db, await matchOf(db, filter, clock), 5_000)).toMatchObject({
        isExact: false,
      });
    });

    test("no page but a search's reads every device", async () => {
      for (const [name, filter] of filters().filter(([, { search }]) => search === undefined))
        for (const sort of ["newest", "oldest", "name", "seen"] as const) {
          const match = await matchOf(db, filter, clock, sort);
          const [plan] = await plansOf(db, dialect, (watched) =>
            devicePage(watched, placed(match, sort), clock),
          );
          expect([name, sort, plan]).toEqual([
            name,
            sort,
            expect.not.stringMatching(/(Seq Scan on|SCAN) device\b/),
          ]);
          // Found by the index of the condition that fits few, or walked in the order of the list and never sorted.
          if (dialect === "sqlite")
            expect([name, sort, plan]).toEqual([
              name,
              sort,
              match.driver === undefined
                ? expect.not.stringMatching("TEMP B-TREE")
                : expect.stringMatching(/INDEX (?!device_(newest|by_name))/),
            ]);
        }
    });

    test("what is shown with a page's devices is one question each, by their ids", async () => {
      const match = await matchOf(db, { updating: "true" }, clock, "newest");
      const plans = await plansOf(db, dialect, (watched) =>
        devicePage(
          watched,
          { match, sort: "newest", after: undefined, limit: 100, columns: ["site"] },
          clock,
        ),
      );

      // One of them asks for groups by query, of which a tenant has few.
      expect(plans).toHaveLength(7);
      const byId = plans.slice(1).filter((plan) => !/device_group\b/.test(plan));
      expect(byId).toHaveLength(5);
      // PostgreSQL does not bother with the index of an empty table.
      if (dialect === "sqlite") for (const plan of byId) expect(plan).toMatch(/\((device_)?id=/);
    });

    const placed = (match: Awaited<ReturnType<typeof matchOf>>, sort: DeviceSort) => ({
      match,
      sort,
      after: {
        sortedBy: sort === "name" ? "pump 5" : sort === "seen" ? LARGE_NOW - 100_000 : 50_000,
        id: "01990000-0000-7000-8000-000000000001",
      },
      limit: 50,
      columns: [],
    });
  });
});
