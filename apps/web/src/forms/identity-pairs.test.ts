import { expect, test } from "vitest";
import { readIdentityPairs } from "./identity-pairs.ts";

test.each<[string, object | null | undefined]>([
  ["", null],
  [" \n", null],
  ["serial=1017", { serial: "1017" }],
  ["serial = 1017, mac=02:00=1", { serial: "1017", mac: "02:00=1" }],
  ["serial=1\nmac=2", { serial: "1", mac: "2" }],
  ["1017", undefined],
  ["serial=", undefined],
  ["=1", undefined],
  ["serial=1, serial=2", undefined],
])("%j is read as an identity", (text, identity) => {
  expect(readIdentityPairs(text)).toEqual(identity);
});
