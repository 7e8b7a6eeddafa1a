import { DeviceContact, type AssignmentId, type DeviceState, type ProductName } from "@moult/model";
import { sql } from "kysely";
import { deviceCondition } from "../device-queries/index.ts";
import { besideIndex } from "../platform/beside-index.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { seenRange, type ContactClock } from "./device-contact.ts";
import { LAST_SEEN, conditionsOf, containsText, type DeviceMatch } from "./filter-queries.ts";
import {
  isAskedOfMany,
  orderedBy,
  stretchLength,
  stretchesOf,
  withinStretch,
  type Stretch,
  type WalkOrder,
} from "./walk-queries.ts";

export async function countsByState(
  db: TenantDb,
  product: ProductName | undefined,
): Promise<Record<DeviceState, number>> {
  const rows = await db.kysely
    .selectFrom("device")
    .select(["state", (row) => row.fn.countAll<number>().as("count")])
    .where("tenant_id", "=", db.tenantId)
    .$if(product !== undefined, (query) => query.where("product", "=", product!))
    .groupBy("state")
    .execute();
  const counts = { pending: 0, accepted: 0, rejected: 0, decommissioned: 0 };
  for (const { state, count } of rows) counts[state] = Number(count);
  return counts;
}

/** Accepted devices by what they run, the most frequent first. Names are the devices' own, so their number is bounded. */
export async function countsByRunning(
  db: TenantDb,
  product: ProductName | undefined,
  namesMax: number,
): Promise<{ artifactName: string | null; count: number }[]> {
  const rows = await db.kysely
    .selectFrom("device")
    .select(["running_artifact", (row) => row.fn.countAll<number>().as("count")])
    .where("tenant_id", "=", db.tenantId)
    .where("state", "=", "accepted")
    .$if(product !== undefined, (query) => query.where("product", "=", product!))
    .groupBy("running_artifact")
    .orderBy("count", "desc")
    .orderBy("running_artifact")
    .limit(namesMax)
    .execute();
  return rows.map((row) => ({ artifactName: row.running_artifact, count: Number(row.count) }));
}

/** Accepted devices by when they were last heard of: one walk along the index of last-seen times. */
export async function countsByContact(
  db: TenantDb,
  product: ProductName | undefined,
  clock: ContactClock,
): Promise<Record<DeviceContact, number>> {
  const counted = (contact: DeviceContact) => {
    const { from, before } = seenRange(contact, clock);
    return sql<
      number | null
    >`sum(case when ${LAST_SEEN} >= ${from} and ${LAST_SEEN} < ${before} then 1 else 0 end)`.as(
      contact,
    );
  };
  const row = await db.kysely
    .selectFrom("device")
    .select(DeviceContact.options.map(counted))
    .where("tenant_id", "=", db.tenantId)
    .where(besideIndex(db, sql.ref<string>("state")), "=", "accepted")
    .$if(product !== undefined, (query) =>
      query.where(besideIndex(db, sql.ref<string>("product")), "=", product!),
    )
    .where(LAST_SEEN, ">=", 0)
    .executeTakeFirst();
  const counts = { "never-seen": 0, "on-time": 0, late: 0, silent: 0 };
  for (const contact of DeviceContact.options) counts[contact] = Number(row?.[contact] ?? 0);
  return counts;
}

export async function countUpdating(
  db: TenantDb,
  product: ProductName | undefined,
): Promise<number> {
  const row = await db.kysely
    .selectFrom("device")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("tenant_id", "=", db.tenantId)
    .where("open_assignment_id", ">", "" as AssignmentId)
    .$if(product !== undefined, (query) => query.where("product", "=", product!))
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

/**
 * How many devices match, of at most `looksMax` that are looked at: a search and a query look at every device to which the rest
 * of the filter applies.
 */
export async function countMatching(
  db: TenantDb,
  match: DeviceMatch,
  looksMax: number,
): Promise<DeviceCount> {
  const length = stretchLength(db, match);
  if (length === Infinity) return countWithin(db, match, WHOLE, looksMax);
  let count = 0;
  let looks = 0;
  for await (const stretch of stretchesOf(db, match, NEWEST, undefined)) {
    if (looks >= looksMax) return { count, isExact: false };
    count += (await countWithin(db, match, stretch, length)).count;
    looks += length;
  }
  return { count, isExact: true };
}

interface DeviceCount {
  readonly count: number;
  readonly isExact: boolean;
}

const NEWEST: WalkOrder = { column: sql.ref("device.enrolled_at"), direction: "desc" };
const WHOLE: Stretch = { from: undefined, until: undefined };

async function countWithin(
  db: TenantDb,
  match: DeviceMatch,
  stretch: Stretch,
  looksMax: number,
): Promise<DeviceCount> {
  const { search, ...rest } = match.filter;
  const queries = isAskedOfMany(match) ? match.queries : [];
  const asked = [
    ...(search === undefined ? [] : [containsText(search)]),
    ...queries.map((query) => deviceCondition(db, query)),
  ];
  const looksAt = { ...match, filter: rest, ...(queries.length === 0 ? {} : { queries: [] }) };
  const column = orderedBy(db, match, NEWEST);
  const looked = db.kysely
    .selectFrom("device")
    .select(
      asked.length === 0
        ? sql<number>`1`.as("fits")
        : sql<number>`case when ${sql.join(asked, sql` and `)} then 1 else 0 end`.as("fits"),
    )
    .where((row) => row.and(conditionsOf(db, looksAt, row)))
    .where((row) => row.and(withinStretch(column, NEWEST, stretch)))
    // A search reads every device: in the order in which they lie.
    .$if(search !== undefined, (query) => query.orderBy("device.enrolled_at", "desc"))
    .limit(looksMax + 1);
  const row = await db.kysely
    .selectFrom(looked.as("looked"))
    .select((eb) => [eb.fn.countAll<number>().as("looks"), eb.fn.sum<number>("fits").as("count")])
    .executeTakeFirst();
  const looks = Number(row?.looks ?? 0);
  return { count: Math.min(Number(row?.count ?? 0), looksMax), isExact: looks <= looksMax };
}
