import { expect, test } from "vitest";
import { decodeDeviceCursor, encodeDeviceCursor, type DeviceList } from "./device-cursor.ts";

const ID = "01990000-0000-7000-8000-000000000001";
const LIST: DeviceList = { filter: { search: "gw", attribute: ["a=1", "b=2"] }, sort: "name" };

test("a cursor is the place where its page ended, whatever a name holds", () => {
  const place = { sortedBy: 'a "name"\u0000 端末 '.repeat(16), id: ID };

  expect(decodeDeviceCursor(LIST, encodeDeviceCursor(LIST, place))).toEqual(place);
  expect(decodeDeviceCursor(LIST, undefined)).toBeUndefined();
});

test("the order of a filter's parts does not matter, nor those that are not given", () => {
  const cursor = encodeDeviceCursor(LIST, { sortedBy: "x", id: ID });
  const same = {
    filter: { product: undefined, attribute: ["a=1", "b=2"], search: "gw" },
    sort: "name" as const,
  };

  expect(decodeDeviceCursor(same, cursor)).toEqual({ sortedBy: "x", id: ID });
});

test.each<[string, DeviceList]>([
  ["another filter", { ...LIST, filter: { search: "gx" } }],
  ["no filter", { ...LIST, filter: {} }],
  ["another order", { ...LIST, sort: "seen" }],
])("a cursor of %s is refused with what to do", (_, list) => {
  const cursor = encodeDeviceCursor(LIST, { sortedBy: "x", id: ID });

  expect(() => decodeDeviceCursor(list, cursor)).toThrow(
    expect.objectContaining({
      code: "invalid-request",
      detail:
        "`cursor` belongs to a list with another filter or order; leave it out to start this one.",
    }),
  );
});

test.each([
  "",
  "!!!",
  Buffer.from("[]").toString("base64url"),
  Buffer.from(JSON.stringify(["x", "no id", "mark"])).toString("base64url"),
  Buffer.from(JSON.stringify([{}, ID, "mark"])).toString("base64url"),
])("what is no cursor is refused: %s", (cursor) => {
  expect(() => decodeDeviceCursor(LIST, cursor)).toThrow(
    expect.objectContaining({ code: "invalid-request" }),
  );
});

test("a forged place of another kind never reaches the database", () => {
  const byTime = { filter: {}, sort: "newest" } as const;
  const [, , mark] = JSON.parse(
    Buffer.from(encodeDeviceCursor(byTime, { sortedBy: 1, id: ID }), "base64url").toString(),
  ) as [number, string, string];
  const forged = Buffer.from(JSON.stringify(["text", ID, mark])).toString("base64url");

  expect(() => decodeDeviceCursor(byTime, forged)).toThrow(
    expect.objectContaining({ code: "invalid-request" }),
  );
});
