import { describe, expect, test } from "vitest";
import { durationSeconds, integer, oneOf, pairs, percent } from "./option-value.ts";

const usage = expect.objectContaining({ code: "usage" }) as Error;

describe("a whole number", () => {
  test.each(["0", "11", "1.5", "-3", "1e1", "", " 4", "four"])("is not %j", (text) => {
    expect(() => integer("uses", text, { min: 1, max: 10 })).toThrow(usage);
  });
  test("is within its bounds", () => {
    expect(integer("uses", "10", { min: 1, max: 10 })).toBe(10);
    expect(integer("uses", undefined, { min: 1, max: 10 })).toBeUndefined();
  });
});

describe("a share", () => {
  test.each([
    ["10", 10],
    ["10%", 10],
    ["12.5 %", 12.5],
    ["100", 100],
  ])("of %j is %d percent", (text, value) => {
    expect(percent("stages", text)).toBe(value);
  });
  test.each(["0", "101", "ten", "", "%", "1.2.3"])("is not %j", (text) => {
    expect(() => percent("stages", text)).toThrow(usage);
  });
});

describe("a time", () => {
  test.each([
    ["90", 90],
    ["90s", 90],
    ["15m", 900],
    ["24h", 86_400],
    ["7d", 604_800],
  ])("of %j is %d seconds", (text, seconds) => {
    expect(durationSeconds("timeout", text)).toBe(seconds);
  });
  test.each(["0", "1w", "1.5h", "h", "", "-1m"])("is not %j", (text) => {
    expect(() => durationSeconds("timeout", text)).toThrow(usage);
  });
});

test("one of a few words is told from all others", () => {
  expect(oneOf("state", "pending", ["pending", "accepted"])).toBe("pending");
  expect(() => oneOf("state", "Pending", ["pending", "accepted"])).toThrow(usage);
});

test("pairs keep what follows the first equals sign, and need a name", () => {
  expect(pairs("depends", ["a=b=c", "d="])).toEqual({ a: "b=c", d: "" });
  expect(() => pairs("depends", ["=x"])).toThrow(usage);
  expect(() => pairs("depends", ["x"])).toThrow(usage);
});
