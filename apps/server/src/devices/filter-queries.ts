import type { DeviceFilter, DeviceSort } from "@moult/api";
import { present } from "@moult/base";
import type {
  AssignmentId,
  DeviceId,
  DeviceState,
  GroupId,
  ProductName,
  TenantId,
} from "@moult/model";
import {
  sql,
  type Expression,
  type ExpressionBuilder,
  type RawBuilder,
  type SelectQueryBuilder,
  type SqlBool,
} from "kysely";
import type { Query } from "@moult/query";
import { deviceCondition } from "../device-queries/index.ts";
import { besideIndex } from "../platform/beside-index.ts";
import type { Schema } from "../platform/schema.ts";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { productNames } from "../products/index.ts";
import { seenRange, type ContactClock } from "./device-contact.ts";
import { queriedFilter, type QueriedFilter } from "./query-filter.ts";

/**
 * Which devices, with all that is known beforehand about how to find them. Where one of the conditions fits few devices (in an
 * update, silent, of a small group), those are looked up and sorted; else the devices are walked in the order of the list and
 * asked whether they fit, for then a page is soon full. SQLite has no statistics to find out by itself which is better.
 */
export interface DeviceMatch {
  readonly filter: Omit<QueriedFilter["filter"], "groupId" | "contact">;
  readonly seen: { readonly from: number; readonly before: number } | undefined;
  readonly groupId: GroupId | undefined;
  readonly attributes: readonly AttributeMatch[];
  readonly queries: readonly Query[];
  /** The condition that fits few devices, by which they are found. */
  readonly driver: Driver | undefined;
  /** Without a driver: the condition that together with the order has an index. */
  readonly walk: "running" | "state" | "product" | "seen" | undefined;
}

type Driver =
  | "undecided"
  | "updating"
  | "group"
  | "seen"
  | "running"
  | "state"
  | "hardware-type"
  | "product"
  | "search"
  | AttributeMatch;

interface AttributeMatch {
  readonly name: string;
  readonly value: string;
  /** The index of values begins with the product. */
  readonly products: readonly ProductName[];
}

/** Up to here looking devices up one by one and sorting them takes a few milliseconds. */
const FEW_MAX = 2_000;
/** Of a value this many characters are in the index (migration 0003). */
export const INDEXED_CHARACTERS = 128;

/** As the indexes on it have it; 0 stands for never. */
export const LAST_SEEN = sql<number>`coalesce(device.last_seen_at, 0)`;

export async function matchOf(
  db: TenantDb,
  given: DeviceFilter,
  clock: ContactClock,
  order?: DeviceSort,
): Promise<DeviceMatch> {
  const { filter: whole, queries, attributes } = await queriedFilter(db, given);
  const { groupId, contact, ...filter } = whole;
  const products =
    attributes.length === 0
      ? []
      : filter.product === undefined
        ? await productNames(db)
        : [filter.product];
  const match = {
    filter,
    seen: contact === undefined ? undefined : seenRange(contact, clock),
    groupId,
    attributes: attributes.map(({ name, value }) => ({
      name: storableText(name),
      value: storableText(value),
      products,
    })),
    queries,
  };
  for (const driver of [...driversOf(match), ...searchDriver(filter.search, order)])
    if (await fitsFew(db, match, driver)) return { ...match, driver, walk: undefined };
  return { ...match, driver: undefined, walk: walkOf(match, order) };
}

/** Of the conditions that have an index for the order, the one that is likely to fit the fewest devices. */
function walkOf(
  { filter: { running, state, product }, seen }: Undriven,
  order: DeviceSort = "newest",
): DeviceMatch["walk"] {
  if (order === "newest" || order === "oldest") {
    if (running !== undefined) return "running";
    if (state !== undefined && (state !== "accepted" || product === undefined)) return "state";
  }
  // The order of last-seen times has no index with the product, and a contact is a part of it.
  if (order === "seen") return seen === undefined ? undefined : "seen";
  return product === undefined ? undefined : "product";
}

type Undriven = Omit<DeviceMatch, "driver" | "walk">;

/** The conditions that have an index of their own, the most selective kinds first. */
function driversOf({ filter, seen, groupId, attributes }: Undriven): Driver[] {
  return [
    ...(filter.undecided === undefined ? [] : (["undecided"] as const)),
    ...(filter.updating === "true" ? (["updating"] as const) : []),
    ...(groupId === undefined ? [] : (["group"] as const)),
    // Without products there are no devices either, and no list of them that a database takes.
    ...attributes.filter(({ products }) => products.length > 0),
    ...(seen === undefined ? [] : (["seen"] as const)),
    ...(filter.running === undefined ? [] : (["running"] as const)),
    ...(filter.state === undefined ? [] : (["state"] as const)),
    ...(filter.hardwareType === undefined ? [] : (["hardware-type"] as const)),
    ...(filter.product === undefined ? [] : (["product"] as const)),
  ];
}

/**
 * Devices lie in the order of their enrolment. A search in that order reads them one after the other; in any other it would
 * read them criss-cross, which takes several times as long, so what it finds is sorted afterwards.
 */
const searchDriver = (search: string | undefined, order: DeviceSort | undefined): Driver[] =>
  search !== undefined && (order === "name" || order === "seen") ? ["search"] : [];

/** Whether the driver's condition alone fits at most `FEW_MAX` devices; looks at no more than those, except to search. */
async function fitsFew(db: TenantDb, match: Undriven, driver: Driver): Promise<boolean> {
  const beyond = await devicesBy(db, match, driver).offset(FEW_MAX).limit(1).execute();
  return beyond.length === 0;
}

function devicesBy(
  db: TenantDb,
  match: Undriven,
  driver: Driver,
): SelectQueryBuilder<Schema, never, { device_id: DeviceId }> {
  if (typeof driver === "object") return devicesWith(db, driver) as never;
  if (driver === "undecided")
    return undecidedDevices(db, present(match.filter.undecided, "what is to decide")) as never;
  if (driver === "group") return membersOf(db, present(match.groupId, "the group")) as never;
  return db.kysely
    .selectFrom("device")
    .select("id as device_id")
    .where("device.tenant_id", "=", db.tenantId)
    .where((row) =>
      row.and(ownConditions(db, { ...match, driver, walk: undefined }, row, driver)),
    ) as never;
}

/** From the indexes of just those (migration 0005), which they name literally. */
const undecidedDevices = (db: TenantDb, undecided: "key" | "identity") =>
  undecided === "identity"
    ? db.kysely
        .withoutPlugins()
        .selectFrom("device as conflicting")
        .select("conflicting.id as device_id")
        .where("conflicting.tenant_id", "=", db.tenantId)
        .where("conflicting.identity_conflict_at", "is not", null)
    : db.kysely
        .withoutPlugins()
        .selectFrom("device_key")
        .select("device_id")
        .where("device_key.tenant_id", "=", db.tenantId)
        .where(sql<boolean>`device_key.state = 'pending'`);

const membersOf = (db: TenantDb, groupId: GroupId) =>
  db.kysely
    .withoutPlugins()
    .selectFrom("device_group_member")
    .select("device_id")
    .where("device_group_member.tenant_id", "=", db.tenantId)
    .where("group_id", "=", groupId);

const devicesWith = (db: TenantDb, { name, value, products }: AttributeMatch) =>
  db.kysely
    .withoutPlugins()
    .selectFrom("device_attribute")
    .select("device_id")
    .where("device_attribute.tenant_id", "=", db.tenantId)
    .where("device_attribute.product", "in", products)
    .where("device_attribute.name", "=", name)
    .where(START_OF_VALUE, "=", startOf(value))
    .where("value", "=", value);

/** As the index has it. */
export const START_OF_VALUE = sql<string>`substr(value, 1, 128)`;
/** By code points, as both databases count. */
const startOf = (value: string): string => Array.from(value).slice(0, INDEXED_CHARACTERS).join("");

type Builder = ExpressionBuilder<Schema, "device">;
type Condition = Expression<SqlBool>;

/** Everything that a device must fulfil, worded so that the database finds the devices by the driver, or by `order`'s index. */
export function conditionsOf(db: TenantDb, match: DeviceMatch, row: Builder): Condition[] {
  const isLookedUp =
    match.driver === "group" || match.driver === "undecided" || typeof match.driver === "object";
  return [
    row(
      isLookedUp
        ? besideIndex(db, sql.ref<TenantId>("device.tenant_id"))
        : sql.ref<TenantId>("device.tenant_id"),
      "=",
      db.tenantId,
    ),
    ...ownConditions(db, match, row),
    ...otherConditions(db, match, row),
    ...match.queries.map((query) => deviceCondition(db, query)),
  ];
}

/** Conditions on the device's own columns; `only` one of them, or all. */
function ownConditions(db: TenantDb, match: DeviceMatch, row: Builder, only?: Driver): Condition[] {
  const { filter, seen, driver, walk } = match;
  const { product, state, hardwareType, running, updating, search } = filter;
  const conditions: Condition[] = [];
  const add = (kind: Driver, make: () => readonly Condition[]): void => {
    if (only === undefined || only === kind) conditions.push(...make());
  };
  const byIndex = new Set<Driver | undefined>([driver, walk]);
  // What runs and what state it is in have indexes with the product and without.
  if (driver === "running" || driver === "state") byIndex.add("product");
  const text = (kind: Driver, column: string, value: string | undefined): void => {
    if (value === undefined) return;
    const ref = sql.ref<string>(column);
    add(kind, () => [row(byIndex.has(kind) ? ref : besideIndex(db, ref), "=", value)]);
  };
  text("product", "device.product", product);
  text("state", "device.state", state);
  text("hardware-type", "device.hardware_type", hardwareType);
  text(
    "running",
    "device.running_artifact",
    running === undefined ? undefined : storableText(running),
  );
  if (updating !== undefined)
    add("updating", () => [
      updating === "false"
        ? row("device.open_assignment_id", "is", null)
        : driver === "updating"
          ? // A range, which the index on it takes before any other of the tenant's.
            row("device.open_assignment_id", ">", "" as AssignmentId)
          : row("device.open_assignment_id", "is not", null),
    ]);
  if (seen !== undefined)
    add("seen", () => {
      const at = byIndex.has("seen") ? LAST_SEEN : besideIndex(db, LAST_SEEN);
      return [row(at, ">=", seen.from), row(at, "<", seen.before)];
    });
  if (search !== undefined) add("search", () => [containsText(search)]);
  return conditions;
}

/** Conditions that need a look at other tables. */
function otherConditions(db: TenantDb, match: DeviceMatch, row: Builder): Condition[] {
  const { groupId, driver } = match;
  const conditions = match.attributes.map((attribute) => {
    if (attribute.products.length === 0) return sql<boolean>`1 = 0`;
    const devices = devicesWith(db, attribute);
    return driver === attribute
      ? row("device.id", "in", devices)
      : row.exists(
          row
            .selectFrom("device_attribute")
            .select("device_id")
            .whereRef("device_attribute.device_id", "=", "device.id")
            .where(
              besideIndex(db, sql.ref<TenantId>("device_attribute.tenant_id")),
              "=",
              db.tenantId,
            )
            .where("device_attribute.name", "=", attribute.name)
            .where("value", "=", attribute.value),
        );
  });
  const { undecided } = match.filter;
  if (undecided !== undefined) {
    const state = besideIndex(db, sql.ref<DeviceState>("device.state"));
    conditions.push(row("device.id", "in", undecidedDevices(db, undecided) as never));
    conditions.push(row(state, "=", "accepted"));
  }
  if (groupId !== undefined) {
    const members = membersOf(db, groupId);
    conditions.push(
      driver === "group"
        ? row("device.id", "in", members)
        : row.exists(members.where(sql<boolean>`device_group_member.device_id = device.id`)),
    );
  }
  return conditions;
}

export const containsText = (search: string): RawBuilder<boolean> =>
  sql<boolean>`device.search_text like ${containing(search)} escape '\\'`;

/** A LIKE pattern for text that contains `search` literally. */
export const containing = (search: string): string =>
  `%${storableText(search)
    .toLowerCase()
    .replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
