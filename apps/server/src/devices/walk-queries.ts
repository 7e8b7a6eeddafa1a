import { conditionsIn } from "@moult/query";
import { sql, type Expression, type SqlBool } from "kysely";
import { besideIndex } from "../platform/beside-index.ts";
import { othersTurn } from "../platform/others-turn.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { DevicePlace } from "./device-cursor.ts";
import { conditionsOf, type DeviceMatch } from "./filter-queries.ts";

/** An order of devices that has an index, which ends with the id. */
export interface WalkOrder {
  readonly column: Expression<string | number>;
  readonly direction: "asc" | "desc";
  /** Of an index on an expression, in which SQLite finds a place only when the expression itself is bounded. */
  readonly isExpression?: boolean;
}

/** Devices of the order that come after one place, up to another one inclusive; undefined: from the start, to the end. */
export interface Stretch {
  readonly from: DevicePlace | undefined;
  readonly until: DevicePlace | undefined;
}

/**
 * So many conditions of queries one statement asks of devices at most: some tens of milliseconds, in which SQLite answers
 * nobody else. A query that is true of nobody is asked of every device, and has up to 32 conditions.
 */
const ASKED_AT_ONCE = 60_000;

/** Whether a query is asked of every device that the rest of the filter applies to. */
export const isAskedOfMany = ({ queries, driver }: DeviceMatch): boolean =>
  queries.length > 0 && driver === undefined;

/**
 * How many devices one stretch has; infinitely many where no query is asked of more than a few, and on PostgreSQL, which answers
 * others meanwhile and would plan each stretch anew.
 */
export function stretchLength({ dialect }: TenantDb, match: DeviceMatch): number {
  const { queries } = match;
  if (dialect !== "sqlite" || !isAskedOfMany(match)) return Infinity;
  return Math.floor(ASKED_AT_ONCE / queries.flatMap(conditionsIn).length);
}

/** The devices to which all but the queries applies, stretch after stretch; others have their turn in between. */
export async function* stretchesOf(
  db: TenantDb,
  match: DeviceMatch,
  order: WalkOrder,
  after: DevicePlace | undefined,
): AsyncGenerator<Stretch> {
  const length = stretchLength(db, match);
  let from = after;
  for (;;) {
    const until =
      length === Infinity ? undefined : await placeAfter(db, match, order, from, length);
    yield { from, until };
    if (until === undefined) return;
    from = until;
    await othersTurn();
  }
}

/** Where the next `length` devices end; undefined when there are no more beyond. */
async function placeAfter(
  db: TenantDb,
  match: DeviceMatch,
  order: WalkOrder,
  from: DevicePlace | undefined,
  length: number,
): Promise<DevicePlace | undefined> {
  const { direction } = order;
  const column = orderedBy(db, match, order);
  const [end, beyond] = await db.kysely
    .selectFrom("device")
    .select([sql<string | number>`${column}`.as("sortedBy"), "device.id as id"])
    .where((row) => row.and(conditionsOf(db, { ...match, queries: [] }, row)))
    .where((row) => row.and(withinStretch(column, order, { from, until: undefined })))
    .orderBy(column, direction)
    .orderBy("device.id", direction)
    .offset(length - 1)
    .limit(2)
    .execute();
  return beyond === undefined ? undefined : end;
}

/** The order's column, so worded that its index is walked only where nothing finds the devices more quickly. */
export const orderedBy = (
  db: TenantDb,
  { driver }: DeviceMatch,
  { column }: WalkOrder,
): Expression<string | number> => (driver === undefined ? column : besideIndex(db, column));

export function withinStretch(
  column: Expression<string | number>,
  { direction, isExpression = false }: WalkOrder,
  { from, until }: Stretch,
): Expression<SqlBool>[] {
  const [after, before] = direction === "asc" ? [">", "<="] : ["<", ">="];
  const compared = (sign: string, { sortedBy, id }: DevicePlace) =>
    sql<SqlBool>`(${column}, device.id) ${sql.raw(sign)} (${sortedBy}, ${id})`;
  return [
    ...(from === undefined ? [] : [compared(after, from)]),
    ...(from === undefined || !isExpression
      ? []
      : [sql<SqlBool>`${column} ${sql.raw(`${after}=`)} ${from.sortedBy}`]),
    ...(until === undefined ? [] : [compared(before, until)]),
  ];
}
