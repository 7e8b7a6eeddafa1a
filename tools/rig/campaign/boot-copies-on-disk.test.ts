import { expect, test } from "vitest";
import { holding, predictStart, type BootCopy } from "./boot-copies-on-disk.ts";

const copy = (over: Partial<BootCopy> = {}): BootCopy => ({
  generation: 4,
  good: "a",
  trial: "",
  tries: 0,
  ...over,
});

test("of two copies the newer one holds, of one the one that is left", () => {
  expect(holding([copy({ generation: 4 }), copy({ generation: 5 })])?.generation).toBe(5);
  expect(holding([copy({ generation: 6 }), copy({ generation: 5 })])?.generation).toBe(6);
  expect(holding([undefined, copy()])).toEqual(copy());
  expect(holding([undefined, undefined])).toBeUndefined();
});

test("a trial is started while tries are left and two copies can be counted on", () => {
  const armed = copy({ generation: 5, trial: "b", tries: 2 });
  const spent = copy({ generation: 5, trial: "b", tries: 0 });
  expect(predictStart([copy(), armed])).toEqual({ slot: "b", good: "a", trial: "b", tries: 1 });
  expect(predictStart([undefined, armed])).toEqual({ slot: "a", good: "a", trial: "b", tries: 1 });
  expect(predictStart([copy(), spent])).toEqual({ slot: "a", good: "a", trial: "b", tries: 0 });
  expect(predictStart([copy(), copy({ generation: 5 })])?.slot).toBe("a");
  expect(predictStart([undefined, undefined])).toBeUndefined();
});
