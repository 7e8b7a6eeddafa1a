import { utf8 } from "@moult/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.ts";
import { parseStrictJson } from "./strict-json.ts";

const parse = (text: string): unknown => parseStrictJson(utf8(text));

test.each([
  ["a name given twice", '{"version":1,"version":2}'],
  ["a name given twice, once escaped", '{"a":1,"\\u0061":2}'],
  ["the name __proto__", '{"__proto__":{"version":9}}'],
  ["a fraction", "[1.5]"],
  ["an exponent", "[1e3]"],
  ["a number of 2^53", "[9007199254740992]"],
  ["a number of a hundred digits", `[${"9".repeat(100)}]`],
  ["a negative zero", "[-0]"],
  ["a leading zero", "[01]"],
  ["a lone surrogate", '["\\ud800"]'],
  ["a raw control character", '["\n"]'],
  ["an unknown escape", '["\\x41"]'],
  ["an unclosed string", '["a'],
  ["an unclosed string after a backslash", '["a\\'],
  ["a comma too many", "[1,]"],
  ["a comma too few", "[1 2]"],
  ["something behind the end", "{} {}"],
  ["a word of JavaScript", "[undefined]"],
  ["nothing", ""],
  ["a byte-order mark", "\ufeff{}"],
  ["a hundred thousand brackets", "[".repeat(100_000)],
])("strict JSON refuses %s", (_what, text) => {
  expect(parse(text)).toBeUndefined();
});

test("bytes that are no UTF-8 are refused", () => {
  expect(parseStrictJson(Uint8Array.of(0x22, 0xff, 0x22))).toBeUndefined();
  expect(parseStrictJson(Uint8Array.of(0x22, 0xc0, 0xa2, 0x22))).toBeUndefined();
});

test("names that every object has are data like any other", () => {
  const value = parse('{"constructor":1,"toString":2}') as Record<string, unknown>;
  expect(Object.keys(value)).toEqual(["constructor", "toString"]);
  expect("hasOwnProperty" in value).toBe(false);
});

const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger().map((number) => (Object.is(number, -0) ? 0 : number)),
    fc.string({ unit: "grapheme" }),
    fc.array(tie("value"), { maxLength: 5 }),
    fc
      .dictionary(fc.string({ unit: "binary" }), tie("value"), { maxKeys: 5 })
      .filter((object) => !Object.hasOwn(object, "__proto__")),
  ),
})).value;

test("whatever JSON.stringify writes of whole numbers is read as JSON.parse reads it", () => {
  fc.assert(
    fc.property(json, fc.constantFrom(undefined, 1, "\t"), (value, space) => {
      const text = JSON.stringify(value, undefined, space);
      expect(JSON.stringify(parse(text))).toBe(JSON.stringify(value));
    }),
    { numRuns: 500 },
  );
});

test("canonical JSON is the same whatever the order, and strict JSON unless it holds control characters", () => {
  fc.assert(
    fc.property(json, (value) => {
      const canonical = canonicalJson(value);
      const text = JSON.stringify(value);
      expect(canonicalJson(parse(text))).toEqual(canonical);
    }),
    { numRuns: 500 },
  );
});

// Golden vectors by securesystemslib's `encode_canonical`.
test.each([
  [{ b: 1, a: [true, false, null, -5, "x"] }, '{"a":[true,false,null,-5,"x"],"b":1}'],
  [
    { text: 'quote " backslash \\ newline \n tab \t' },
    '{"text":"quote \\" backslash \\\\ newline \n tab \t"}',
  ],
  [{ "\u{10000}": 1, "\ufffd": 2, z: 3, é: 4 }, '{"z":3,"é":4,"\ufffd":2,"\u{10000}":1}'],
  [{}, "{}"],
])("canonical JSON writes %j as TUF's reference does", (value, text) => {
  expect(canonicalJson(value)).toEqual(utf8(text));
});

test("canonical JSON of a fraction is a bug of the caller", () => {
  expect(() => canonicalJson({ version: 1.5 })).toThrow(/safe integers/);
});
