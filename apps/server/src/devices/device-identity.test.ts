import type { DeviceId } from "@moult/model";
import { expect, test } from "vitest";
import { identityDigest, searchTextOf } from "./device-identity.ts";

test("the order of identity attributes does not matter, their names and values do", () => {
  const digest = identityDigest({ serial: "1", mac: "2" });

  expect(identityDigest({ mac: "2", serial: "1" })).toBe(digest);
  expect(identityDigest({ mac: "1", serial: "2" })).not.toBe(digest);
  expect(identityDigest({ serial: "1" })).not.toBe(digest);
});

test("attributes cannot be shifted into each other", () => {
  expect(identityDigest({ a: 'b","c":"d' })).not.toBe(identityDigest({ a: "b", c: "d" }));
});

test("a search finds name, identity and id in any case, each on its own", () => {
  const id = "0199-AB" as DeviceId;

  expect(searchTextOf({ id, name: "Roof Left", identity: { serial: "SN-7" } })).toBe(
    "roof left\nsn-7\n0199-ab",
  );
});
