import { expect, test } from "vitest";
import { joinedKeys, splitKeys } from "./pem-keys.ts";

const key = (body: string): string =>
  `-----BEGIN PUBLIC KEY-----\n${body}\n-----END PUBLIC KEY-----\n`;

test("keys that were joined to one text are the same keys again", () => {
  const keys = [key("AAAA"), key("BBBB")];

  expect(splitKeys(joinedKeys(keys))).toEqual(keys);
});

test("nothing is no key", () => {
  expect(splitKeys("  \n")).toEqual([]);
});

test("what is no key is not dropped: the server says what is wrong", () => {
  expect(splitKeys(`${key("AAAA")}not a key`)).toEqual([key("AAAA"), "not a key"]);
});
