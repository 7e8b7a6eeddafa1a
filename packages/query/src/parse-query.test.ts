import fc from "fast-check";
import { expect, test } from "vitest";
import { parseQuery, printQuery, QueryError } from "./index.ts";
import { query } from "./queries.fixture.ts";
import { CONDITIONS_MAX, DEPTH_MAX, QUERY_LENGTH_MAX, conditionsIn } from "./query.ts";

test.each([
  ["name = a", "name = a"],
  ["name=a", "name = a"],
  ["state:accepted", "state = accepted"],
  ["inventory.os:*", "inventory.os:*"],
  ["inventory:os", "inventory.os:*"],
  ['inventory:"a b"', 'inventory."a b":*'],
  ["inventory.net.eth0 = up", "inventory.net.eth0 = up"],
  [`inventory."net eth0" != 'it''s'`, undefined],
  [`inventory."net eth0" != "it's"`, `inventory."net eth0" != "it's"`],
  ["inventory.mac = 00:11:22", "inventory.mac = 00:11:22"],
  ["inventory.rssi > -80", "inventory.rssi > -80"],
  ["running >= 2.10-rc1", "running >= 2.10-rc1"],
  ["-group = canary", "NOT group = canary"],
  ["NOT (a)", undefined],
  ["NOT(name = a)", "NOT name = a"],
  ["((name = a))", "name = a"],
  ["name = a AND (id = b OR id = c)", "name = a AND (id = b OR id = c)"],
  ["name = a*b*", "name = a*b*"],
  ['name = "a*"', "name = a*"],
  [String.raw`name = "a\*"`, String.raw`name = "a\*"`],
  ['name = "AND"', 'name = "AND"'],
  ['name = ""', 'name = ""'],
])("%s is printed as %s", (text, printed) => {
  if (printed === undefined) expect(() => parseQuery(text)).toThrow(QueryError);
  else expect(printQuery(parseQuery(text))).toBe(printed);
});

const manyConditions = Array.from({ length: CONDITIONS_MAX + 1 }, () => "id=a").join(" OR ");
const fields =
  "a field: id, name, product, hardwareType, state, running, group, client, trust, identity.NAME or inventory.NAME";

test.each([
  ["", 0, fields],
  ["  ", 2, fields],
  ["nmae = a", 0, fields],
  ["name.x = a", 4, "an operator after name"],
  ["name", 4, "an operator: =, !=, <, <=, >, >= or :"],
  ["name == a", 6, "a value"],
  ["name = ", 7, "a value"],
  ["name = AND", 7, "a value; the word AND itself in quotes"],
  ["name = a b", 9, "AND, OR or the end"],
  ["name = a and id = b", 9, "AND, OR or the end"],
  ["name = a AND", 12, fields],
  ["(name = a", 9, "AND, OR or a closing parenthesis"],
  ["name = a)", 8, "AND, OR or the end"],
  ['name = "a', 9, 'a closing "'],
  [String.raw`name = "\n"`, 9, String.raw`one of " ' \ * after a backslash`],
  ["inventory = a", 10, "a dot and a name: inventory.NAME"],
  ["inventory. = a", 10, "a name, in quotes if it has other signs in it"],
  ['inventory."a*" = a', 10, "a name without a wildcard"],
  ["name < a", 5, "=, != or : here; only running and inventory attributes have an order"],
  ["running < 1.*", 10, "a value without a wildcard after <"],
  ["name = a*b*c*d*e*f", 7, "at most 4 wildcards in one value"],
  ["state = acepted", 8, "one of pending, accepted, rejected, decommissioned"],
  [
    "name = a OR id = b AND id = c",
    19,
    "OR, or parentheses around one of the two: AND and OR have no order of precedence here",
  ],
  ["name = \0", 7, "a character of a text"],
  ["name = \ud800", 7, "a character of a text"],
])("%j stops being a query at %i", (text, position, expected) => {
  expect(refusalOf(text)).toMatchObject({ code: "unexpected", position, expected });
});

test.each([
  [`name = ${"a".repeat(QUERY_LENGTH_MAX)}`, "too-long"],
  [manyConditions, "too-many-conditions"],
  [`${"(".repeat(DEPTH_MAX + 1)}id=a${")".repeat(DEPTH_MAX + 1)}`, "too-deep"],
  [`${"NOT ".repeat(DEPTH_MAX + 1)}id=a`, "too-deep"],
  ["-".repeat(QUERY_LENGTH_MAX), "too-deep"],
])("what would take too long is refused: %.20s… is %s", (text, code) => {
  expect(refusalOf(text)?.code).toBe(code);
});

test("a refusal is a sentence that says where and what", () => {
  expect(refusalOf("name ~ a")?.sentence).toBe(
    "At character 6 of the query: expected an operator: =, !=, <, <=, >, >= or :.",
  );
});

test("a query that is printed and parsed again is the same query", () => {
  fc.assert(
    fc.property(query, (each) => {
      fc.pre(conditionsIn(each).length <= CONDITIONS_MAX);
      const text = printQuery(each);
      fc.pre(text.length <= QUERY_LENGTH_MAX);
      expect(parseQuery(text)).toEqual(each);
    }),
    { numRuns: 2_000 },
  );
});

const PIECES = "name inventory . os = != < >= : * ( ) AND OR NOT - \" ' \\ a 1.2 , é".split(" ");

test("whatever text comes, it is a query or refused with a place within it", () => {
  const scraps = fc
    .array(fc.constantFrom(...PIECES, " "), { maxLength: 30 })
    .map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(fc.oneof(scraps, fc.string({ unit: "binary" })), (text) => {
      const refusal = refusalOf(text);
      if (refusal === undefined)
        expect(parseQuery(printQuery(parseQuery(text)))).toEqual(parseQuery(text));
      else {
        expect(refusal.position).toBeGreaterThanOrEqual(0);
        expect(refusal.position).toBeLessThanOrEqual(text.length);
      }
    }),
    { numRuns: 5_000 },
  );
});

/** Why it is no query; any other error is a bug and goes on. */
function refusalOf(text: string): QueryError | undefined {
  try {
    parseQuery(text);
    return undefined;
  } catch (error) {
    if (error instanceof QueryError) return error;
    throw error;
  }
}
