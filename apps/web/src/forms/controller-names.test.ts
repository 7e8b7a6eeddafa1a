import { expect, test } from "vitest";
import { readControllerNames } from "./controller-names.ts";

test.each<[string, readonly string[], string | undefined]>([
  ["", [], undefined],
  ["gw-1\ngw-2\r\n\n gw-1 ", ["gw-1", "gw-2"], undefined],
  ["gw-1, gw-2;gw-3\tgw-4", ["gw-1", "gw-2", "gw-3", "gw-4"], undefined],
  ["00:1A:2b, a@b~c+d_e.f", ["00:1A:2b", "a@b~c+d_e.f"], undefined],
  ["gw-1 ../admin gw-2", ["gw-1"], "../admin"],
  [`a ${"x".repeat(129)}`, ["a"], "x".repeat(129)],
])("%j are names of devices", (text, names, wrong) => {
  expect(readControllerNames(text)).toEqual({ names, wrong });
});
