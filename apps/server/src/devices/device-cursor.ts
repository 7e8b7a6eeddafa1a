import { hash } from "node:crypto";
import type { DeviceFilter, DeviceSort } from "@moult/api";
import * as z from "zod";
import { ApiError } from "../platform/api-error.ts";
import { cursorOrRefusal } from "../platform/page-cursor.ts";

/** A list of devices: which ones, in what order. */
export interface DeviceList {
  readonly filter: DeviceFilter;
  readonly sort: DeviceSort;
}

/** Where a page ended. */
export interface DevicePlace {
  readonly sortedBy: string | number;
  readonly id: string;
}

const Cursor = z.tuple([z.union([z.string(), z.int()]), z.uuid(), z.string()]);

/** What `nextCursor` says of the last row of a page of this list. */
export const encodeDeviceCursor = (list: DeviceList, { sortedBy, id }: DevicePlace): string =>
  Buffer.from(JSON.stringify([sortedBy, id, markOf(list)])).toString("base64url");

/** The place in this list that a caller's `cursor` names; undefined for the first page. */
export function decodeDeviceCursor(
  list: DeviceList,
  cursor: string | undefined,
): DevicePlace | undefined {
  if (cursor === undefined) return undefined;
  const [sortedBy, id, mark] = cursorOrRefusal(Cursor, cursor);
  const isOfOrder = (typeof sortedBy === "string") === (list.sort === "name");
  if (mark !== markOf(list) || !isOfOrder)
    throw new ApiError(
      "invalid-request",
      "`cursor` belongs to a list with another filter or order; leave it out to start this one.",
    );
  return { sortedBy, id };
}

/** Tells lists apart; it keeps mistakes out, not attackers, who gain nothing by another place in their own list. */
function markOf({ filter, sort }: DeviceList): string {
  const given = Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .toSorted(([left], [right]) => (left < right ? -1 : 1));
  return hash("sha256", JSON.stringify([sort, given]), "base64url").slice(0, 12);
}
