import * as z from "zod";
import { ApiError } from "./api-error.ts";

/** Where a page ended in a list that is sorted by a number, then by an id. Opaque to callers. */
const Cursor = z.tuple([z.int(), z.string().regex(/^[\w-]{0,64}$/)]);

export interface PageCursor {
  readonly sortedBy: number;
  readonly id: string;
}

/** What `nextCursor` says of the last row of a page. */
export function encodeCursor({ sortedBy, id }: PageCursor): string {
  return Buffer.from(JSON.stringify([sortedBy, id])).toString("base64url");
}

/** The place that a caller's `cursor` names; undefined for the first page. */
export function decodeCursor(cursor: string | undefined): PageCursor | undefined {
  if (cursor === undefined) return undefined;
  const [sortedBy, id] = cursorOrRefusal(Cursor, cursor);
  return { sortedBy, id };
}

/** What a cursor holds, for lists that have one of their own kind. */
export function cursorOrRefusal<Held>(schema: z.ZodType<Held>, cursor: string): Held {
  const parsed = schema.safeParse(jsonOf(Buffer.from(cursor, "base64url").toString()));
  if (parsed.success) return parsed.data;
  throw new ApiError(
    "invalid-request",
    "`cursor` is not one that this list gave; leave it out to start again.",
  );
}

/** A page of `limit` items from `rows`, of which one more than `limit` was asked for. */
export function pageFrom<Row, Item>(
  rows: readonly Row[],
  limit: number,
  itemOf: (row: Row) => Item,
  cursorOf: (row: Row) => PageCursor,
): { readonly items: Item[]; readonly nextCursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(itemOf),
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(cursorOf(last)) : null,
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Undefined is refused by the caller's schema, with the same words as any other foreign cursor.
    return undefined;
  }
}
