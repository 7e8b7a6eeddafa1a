import type { DeviceSort } from "@moult/api";
import type { Device, DeviceId, DeviceRow } from "@moult/model";
import { sql, type Selectable } from "kysely";
import type { DeviceTable } from "../platform/schema.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { ContactClock } from "./device-contact.ts";
import type { DevicePlace } from "./device-cursor.ts";
import { LAST_SEEN, conditionsOf, type DeviceMatch } from "./filter-queries.ts";
import { devicesFrom, namedAttributesOf } from "./shown-device-queries.ts";
import {
  orderedBy,
  stretchesOf,
  withinStretch,
  type Stretch,
  type WalkOrder,
} from "./walk-queries.ts";

interface Order extends WalkOrder {
  readonly valueOf: (row: Selectable<DeviceTable>) => string | number;
}

/** Each has an index that ends with the id, so that a page goes on exactly where the one before ended. */
const ORDERS: Readonly<Record<DeviceSort, Order>> = {
  newest: {
    column: sql.ref("device.enrolled_at"),
    direction: "desc",
    valueOf: (row) => row.enrolled_at,
  },
  oldest: {
    column: sql.ref("device.enrolled_at"),
    direction: "asc",
    valueOf: (row) => row.enrolled_at,
  },
  name: {
    column: sql.ref("device.sort_name"),
    direction: "asc",
    valueOf: (row) => row.sort_name,
  },
  seen: {
    column: LAST_SEEN,
    direction: "desc",
    isExpression: true,
    valueOf: (row) => row.last_seen_at ?? 0,
  },
};

export interface DevicePageRequest {
  readonly match: DeviceMatch;
  readonly sort: DeviceSort;
  readonly after: DevicePlace | undefined;
  readonly limit: number;
  /** Names of the inventory attributes that are shown. */
  readonly columns: readonly string[];
}

/**
 * A page of devices, and where it ended if there are more; at most six statements, however long it is, but where a query is asked
 * of many devices until the page is full.
 */
export async function devicePage(
  db: TenantDb,
  { match, sort, after, limit, columns }: DevicePageRequest,
  clock: ContactClock,
): Promise<{ readonly items: DeviceRow[]; readonly end: DevicePlace | undefined }> {
  const order = ORDERS[sort];
  const rows: Selectable<DeviceTable>[] = [];
  for await (const stretch of stretchesOf(db, match, order, after)) {
    rows.push(...(await rowsWithin(db, match, order, stretch, limit + 1 - rows.length)));
    if (rows.length > limit) break;
  }
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const devices = await devicesFrom(db, shown, clock);
  const attributes = await namedAttributesOf(
    db,
    shown.map(({ id }) => id),
    columns,
  );
  return {
    items: devices.map((device) => ({ ...device, attributes: attributes.get(device.id) ?? {} })),
    end:
      rows.length > limit && last !== undefined
        ? { sortedBy: order.valueOf(last), id: last.id }
        : undefined,
  };
}

async function rowsWithin(
  db: TenantDb,
  match: DeviceMatch,
  order: Order,
  stretch: Stretch,
  limit: number,
): Promise<Selectable<DeviceTable>[]> {
  const column = orderedBy(db, match, order);
  return db.kysely
    .selectFrom("device")
    .selectAll("device")
    .where((row) => row.and(conditionsOf(db, match, row)))
    .where((row) => row.and(withinStretch(column, order, stretch)))
    .orderBy(column, order.direction)
    .orderBy("device.id", order.direction)
    .limit(limit)
    .execute();
}

export async function deviceById(
  db: TenantDb,
  deviceId: DeviceId,
  clock: ContactClock,
): Promise<Device | undefined> {
  const rows = await db.kysely
    .selectFrom("device")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .execute();
  const [device] = await devicesFrom(db, rows, clock);
  return device;
}
