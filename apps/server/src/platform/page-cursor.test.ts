import { expect, test } from "vitest";
import { decodeCursor, encodeCursor, pageFrom } from "./page-cursor.ts";

test("a cursor comes back as the place it was made from", () => {
  expect(decodeCursor(encodeCursor({ sortedBy: 1_700_000_000_000, id: "a-b" }))).toEqual({
    sortedBy: 1_700_000_000_000,
    id: "a-b",
  });
  expect(decodeCursor(undefined)).toBeUndefined();
});

const encoded = (json: string): string => Buffer.from(json).toString("base64url");

test.each([
  "",
  "!!",
  "e30",
  encoded('["x","y"]'),
  encoded('[1,"a\\u0000"]'),
  encoded('[1e300,"a"]'),
])("a cursor that no list gave (%j) is refused with what to do", (cursor) => {
  expect(() => decodeCursor(cursor)).toThrow(/leave it out/);
});

test("a page names the next one only when there are more rows", () => {
  const cursorOf = (row: number) => ({ sortedBy: row, id: `${row}` });

  expect(pageFrom([1, 2, 3], 2, String, cursorOf)).toEqual({
    items: ["1", "2"],
    nextCursor: encodeCursor({ sortedBy: 2, id: "2" }),
  });
  expect(pageFrom([1, 2], 2, String, cursorOf).nextCursor).toBeNull();
  expect(pageFrom([], 2, String, cursorOf)).toEqual({ items: [], nextCursor: null });
});
