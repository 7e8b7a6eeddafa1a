import { expect, test } from "vitest";
import { inventoryGroups } from "./inventory-groups.ts";

const inventory = { region: "eu", "net.mac": "aa:bb", "net.ip": "10.0.0.1", ".hidden": "x" };

test("attributes stand by what their names have in common", () => {
  expect(inventoryGroups(inventory, "")).toEqual([
    {
      prefix: "",
      attributes: [
        [".hidden", "x"],
        ["region", "eu"],
      ],
    },
    {
      prefix: "net",
      attributes: [
        ["net.ip", "10.0.0.1"],
        ["net.mac", "aa:bb"],
      ],
    },
  ]);
});

test("a part is found in names and in values", () => {
  expect(inventoryGroups(inventory, "MAC").map(({ prefix }) => prefix)).toEqual(["net"]);
  expect(inventoryGroups(inventory, " eu ")).toEqual([
    { prefix: "", attributes: [["region", "eu"]] },
  ]);
});
