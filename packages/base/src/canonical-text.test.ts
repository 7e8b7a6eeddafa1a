import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalText } from "./canonical-text.ts";

test("a value has one text, whatever the order of its members, and comes back from it", () => {
  expect(canonicalText({ b: [1, "ü", null], a: { d: true, c: undefined } })).toBe(
    '{"a":{"d":true},"b":[1,"ü",null]}',
  );
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalText(value);
      expect(canonicalText(JSON.parse(text))).toBe(text);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("what JSON would lose is refused", () => {
  for (const value of [new Map(), new Date(0), Number.NaN, [undefined], 1n])
    expect(() => canonicalText({ value })).toThrow(/canonical text/);
});
