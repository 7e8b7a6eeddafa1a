import fc from "fast-check";
import { expect, test } from "vitest";
import {
  matches,
  orderKey,
  parseQuery,
  type Condition,
  type Query,
  type QueryFacts,
} from "./index.ts";
import { facts, query, text } from "./queries.fixture.ts";

const CAMERA: QueryFacts = {
  id: "1",
  name: null,
  product: "camera",
  hardwareType: "cm4",
  state: "accepted",
  running: "v2.10.0",
  group: ["roof", "canary"],
  client: "moult-agent/0.1.0",
  trust: "end-to-end",
  identity: { serial: "SN-7" },
  inventory: { os: "linux", rssi: "-70", free: "", "net.eth0": "up" },
};

test.each([
  ["inventory.os = linux", true],
  ["inventory.os = Linux", false],
  ["inventory.os = l*x", true],
  ["inventory.os != linux", false],
  ["inventory.os != windows", true],
  ["inventory.free:*", true],
  ["inventory.net.eth0 = up", true],
  // What it does not have.
  ["inventory.site = eu", false],
  ["inventory.site != eu", false],
  ["NOT inventory.site = eu", true],
  ["NOT inventory.site:*", true],
  ["inventory.site < 5", false],
  ["inventory.site >= 5", false],
  ["name = *", false],
  ["name != x", false],
  ["inventory.toString:*", false],
  // One of several.
  ["group = roof", true],
  ["group:canary", true],
  ["group != roof", false],
  ["group != cellar", true],
  // As versions.
  ["running > v2.9", true],
  ["running >= v2.10", true],
  ["running < v2.10", false],
  ["inventory.rssi > -80", true],
  ["inventory.rssi < -80", false],
  ["state = accepted AND (group = cellar OR hardwareType = cm*)", true],
  ["-(trust = end-to-end)", false],
  ["identity.serial = SN-*", true],
])("%s: %s", (text_, isTrue) => {
  expect(matches(parseQuery(text_), CAMERA)).toBe(isTrue);
});

test.each([
  "-90 < -5 < 3",
  "007 = 7",
  "1 = 1.0 = 1.0.0 < 1.0.1",
  "1.9 < 1.10 < 2",
  "1.0-alpha < 1.0-alpha.1 < 1.0-rc1 < 1.0-rc2 < 1.0-rc10 < 1.0 < 1.0.1",
  "1.0~beta < 1.0",
  "2.1.0-rc1 = 2.1-rc1",
  "2026-11 < 2026-11-02 < 2026-11-28",
  "3.9 < 3.10",
  "9 < a",
  "B < a",
  "z < é",
  "\u{FFFD} < \u{1F600}",
  `${"9".repeat(40)} < 1${"0".repeat(40)}`,
])("in order: %s", (line) => {
  const [first = "", ...rest] = line.split(/ ([<=]) /);
  let before = first;
  for (let index = 0; index < rest.length; index += 2) {
    const after = rest[index + 1] ?? "";
    if (rest[index] === "=") expect(orderKey(before)).toBe(orderKey(after));
    else expect(orderKey(before) < orderKey(after)).toBe(true);
    before = after;
  }
});

test("a key of an order is plain ASCII, so that every database compares it alike", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (each) => {
      expect(orderKey(each)).toMatch(/^[\0-\u{7f}]+$/u);
    }),
  );
});

test("a query is true of what a plain reading of it says", () => {
  fc.assert(
    fc.property(query, facts, (each, its) => {
      expect(matches(each, its)).toBe(plainly(each, its));
    }),
    { numRuns: 5_000 },
  );
});

test("a condition and its NOT never agree, and != asks for something that is there", () => {
  const equals = (its: string, operator: "=" | "!="): Condition => ({
    kind: "condition",
    field: { kind: "inventory", name: "x" },
    operator,
    value: [its],
  });
  fc.assert(
    fc.property(fc.option(text), text, (has, wanted) => {
      const its = { ...CAMERA, inventory: has === null ? {} : { x: has } };
      const is = matches(equals(wanted, "="), its);
      expect(matches({ kind: "not", part: equals(wanted, "=") }, its)).toBe(!is);
      expect(matches(equals(wanted, "!="), its)).toBe(has !== null && !is);
    }),
  );
});

/** The same by other means: a truth table for the logic, a regular expression for wildcards. */
function plainly(each: Query, its: QueryFacts): boolean {
  if (each.kind === "and") return !each.parts.map((part) => plainly(part, its)).includes(false);
  if (each.kind === "or") return each.parts.map((part) => plainly(part, its)).includes(true);
  if (each.kind === "not") return plainly(each.part, its) ? false : true;
  const texts = textsOf(each, its);
  const wanted = new RegExp(
    `^${each.value.map((part) => part.replaceAll(/[^a-zA-Z0-9]/gu, (sign) => `\\u{${sign.codePointAt(0)?.toString(16)}}`)).join(".*")}$`,
    "su",
  );
  if (texts.length === 0) return false;
  if (each.operator === "=") return texts.some((one) => wanted.test(one));
  if (each.operator === "!=") return texts.every((one) => !wanted.test(one));
  const [has = "", than = ""] = [texts[0], each.value[0]].map((one) => orderKey(one ?? ""));
  const compared = has === than ? 0 : [has, than].toSorted()[0] === has ? -1 : 1;
  return { "<": compared < 0, "<=": compared <= 0, ">": compared > 0, ">=": compared >= 0 }[
    each.operator
  ];
}

function textsOf({ field }: Condition, its: QueryFacts): readonly string[] {
  if (field.kind === "context") return [];
  const value =
    field.kind === "fact"
      ? its[field.name]
      : new Map(Object.entries(its[field.kind])).get(field.name);
  return value === null || value === undefined ? [] : [value].flat();
}
