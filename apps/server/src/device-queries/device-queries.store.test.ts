import type { DeviceId, GroupId, HardwareType, Inventory, TenantId } from "@moult/model";
import { conditionsIn, matches, parseQuery, printQuery, type Query } from "@moult/query";
import fc from "fast-check";
import { sql } from "kysely";
import { describe, expect, test } from "vitest";
import { createGroupHandlers } from "../groups/index.ts";
import { besideIndex } from "../platform/beside-index.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import { queryFactsOf } from "./facts-queries.ts";
import { queryCondition } from "./condition-queries.ts";
import { recordInventory, recordRunning } from "../devices/record-report.ts";
import {
  PRODUCT,
  TRAITS,
  asOperator,
  testClock,
  testFleet,
  type TestFleet,
} from "../devices/test-fleet.fixture.ts";

/** Texts with all that the databases treat apart: signs of patterns, case, what is beyond ASCII, half characters. */
const TEXTS = [
  ..."a A b ab a% a_ a* a? [a] a\\b é 😀a 1.2 1.10 1.2-rc1 1.2.0 -5 -70 007 v2".split(" "),
  "",
  "it's",
  'q"x',
  "two words",
  "\u{FFFD}",
  "$.a",
];
const NAMES = ["os", "a.b", 'q"x', "two words", "é", "$.a"];

const oneOf = <Value>(...values: readonly Value[]): fc.Arbitrary<Value> =>
  fc.constantFrom(...values);
const text = oneOf(...TEXTS);
const shownText = text.filter((each) => each !== "");

const DEVICE = fc.record({
  name: fc.option(shownText),
  hardwareType: oneOf("gw2", "GW2", "gw-3"),
  identity: fc.dictionary(oneOf(...NAMES), shownText, { minKeys: 1 }),
  client: oneOf(...TEXTS, "bad \0", "bad \ud800"),
  trust: oneOf("end-to-end" as const, "server-trusted" as const),
  running: fc.option(text),
  inventory: fc.option(fc.dictionary(oneOf(...NAMES), oneOf(...TEXTS, "bad \0"))),
  isInGroups: fc.tuple(fc.boolean(), fc.boolean()),
});

const pattern = fc
  .array(text, { minLength: 1, maxLength: 3 })
  .map(([first = "", ...rest]): [string, ...string[]] => [first, ...rest]);
const orderedField = fc.oneof(
  oneOf({ kind: "fact", name: "running" } as const),
  fc.record({ kind: oneOf("inventory" as const), name: oneOf(...NAMES) }),
);
const condition = fc.oneof(
  fc.record({
    kind: oneOf("condition" as const),
    field: fc.oneof(
      oneOf("id", "name", "product", "hardwareType", "client", "group").map(
        (name) => ({ kind: "fact", name }) as const,
      ),
      fc.record({ kind: oneOf("identity" as const), name: oneOf(...NAMES) }),
      orderedField,
    ),
    operator: oneOf("=", "!="),
    value: fc.oneof(pattern, oneOf<[string, ...string[]]>(["gw2"], ["roof"], ["", ""], ["r", ""])),
  }),
  fc.record({
    kind: oneOf("condition" as const),
    field: orderedField,
    operator: oneOf("<", "<=", ">", ">="),
    value: text.map((each): [string] => [each]),
  }),
  fc.record({
    kind: oneOf("condition" as const),
    field: oneOf({ kind: "fact", name: "state" } as const),
    operator: oneOf("=", "!="),
    value: oneOf<[string, ...string[]]>(["accepted"], ["pending"], ["", "ed"]),
  }),
  fc.record({
    kind: oneOf("condition" as const),
    field: oneOf({ kind: "fact", name: "trust" } as const),
    operator: oneOf("=", "!="),
    value: oneOf<[string, ...string[]]>(["end-to-end"], ["unknown"], ["", "trusted"]),
  }),
) as fc.Arbitrary<Query>;
const query = fc.letrec<{ query: Query }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    condition,
    fc.record({
      kind: oneOf("and" as const, "or" as const),
      parts: fc.array(tie("query"), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({ kind: oneOf("not" as const), part: tie("query") }),
  ),
})).query;

async function enrolled(fleet: TestFleet): Promise<DeviceId[]> {
  const { db, clock } = fleet;
  const groups = createGroupHandlers({ clock: testClock() });
  const groupIds: GroupId[] = [];
  for (const name of ["roof", "a*"])
    groupIds.push(
      (
        await groups.createGroup(asOperator(db), {
          params: undefined,
          query: undefined,
          body: { name, product: PRODUCT },
        })
      ).id,
    );
  const ids: DeviceId[] = [];
  for (const [index, device] of fc.sample(DEVICE, { numRuns: 40, seed: 7 }).entries()) {
    const id = await fleet.accepted({
      hardwareType: device.hardwareType as HardwareType,
      identity: { ...device.identity, number: String(index) },
      traits: { ...TRAITS, client: device.client, trust: device.trust },
    });
    ids.push(id);
    const at = { params: { deviceId: id }, query: undefined };
    if (device.name !== null)
      await fleet.handlers.renameDevice(asOperator(db), { ...at, body: { name: device.name } });
    if (index % 10 === 0)
      await fleet.handlers.decommissionDevice(asOperator(db), { ...at, body: undefined });
    await db.transaction(async (inner) => {
      const { running, inventory } = device;
      if (running !== null)
        await recordRunning(inner, id, { artifactName: running, provides: {} }, clock.now());
      if (inventory !== null) await recordInventory(inner, id, inventory as Inventory, clock.now());
    });
    for (const [nth, groupId] of groupIds.entries())
      if (device.isInGroups[nth] === true)
        await groups.addToGroup(asOperator(db), {
          params: { groupId },
          query: undefined,
          body: { deviceIds: [id] },
        });
  }
  return ids;
}

async function foundBySql(db: TenantDb, each: Query): Promise<DeviceId[]> {
  const rows = await db.kysely
    .selectFrom("device")
    .select("device.id")
    .where(besideIndex(db, sql.ref<TenantId>("device.tenant_id")), "=", db.tenantId)
    .where(queryCondition(db, each))
    .orderBy("device.id")
    .execute();
  return rows.map(({ id }) => id);
}

describe.each(DIALECTS)("queries on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  test("the database finds the devices that the predicate is true of, whatever the query", async () => {
    const fleet = await testFleet(await store.newTenant());
    const { db } = fleet;
    const ids = (await enrolled(fleet)).toSorted();
    // Of another tenant, to be found by nothing.
    await enrolled(await testFleet(await store.newTenant()));
    let found = 0;

    await fc.assert(
      fc.asyncProperty(query, async (generated) => {
        fc.pre(conditionsIn(generated).length <= 32);
        const text_ = printQuery(generated);
        const parsed = parseQuery(text_);
        const factsById = await queryFactsOf(db, ids, [parsed]);
        const expected = ids.filter((id) => {
          const facts = factsById.get(id);
          return facts !== undefined && matches(parsed, facts);
        });
        expect(await foundBySql(db, parsed), text_).toEqual(expected);
        if (expected.length > 0 && expected.length < ids.length) found += 1;
      }),
      { numRuns: 600 },
    );
    // Not all of them are true of everybody or nobody.
    expect(found).toBeGreaterThan(150);
  });

  test.each([
    `name = "x' or '1'='1"`,
    `inventory."x' or 1=1 --" = a`,
    `identity."x') or 1=1 --":*`,
    String.raw`inventory.os = "\\' or 1=1 --*"`,
    `running > "' or 1=1"`,
  ])("text of a query never becomes SQL: %s", async (text_) => {
    const fleet = await testFleet(await store.newTenant());
    await fleet.accepted();

    expect(await foundBySql(fleet.db, parseQuery(text_))).toEqual([]);
  });
});
