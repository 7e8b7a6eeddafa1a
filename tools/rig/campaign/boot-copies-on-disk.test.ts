import { expect, test } from "vitest";
import { holding, parseBootCopy, predictStart, type BootCopy } from "./boot-copies-on-disk.ts";

const block = (...lines: string[]): Buffer =>
  Buffer.from(
    `# GRUB Environment Block\n${lines.map((line) => `${line}\n`).join("")}`.padEnd(1024, "#"),
  );

const copy = (over: Partial<BootCopy> = {}): BootCopy => ({
  generation: 4,
  good: "a",
  trial: "",
  tries: 0,
  ...over,
});

test("a copy is what GRUB would read, whatever the order of its lines", () => {
  expect(
    parseBootCopy(block("moult_tries=2", "moult_generation=7", "moult_good=a", "moult_trial=b")),
  ).toEqual({ generation: 7, good: "a", trial: "b", tries: 2 });
  expect(
    parseBootCopy(block("moult_generation=1", "moult_good=b", "moult_trial=", "moult_tries=0")),
  ).toEqual({ generation: 1, good: "b", trial: "", tries: 0 });
});

test("a copy may have comments, as those that GRUB's own tool makes have", () => {
  const lines = ["# WARNING: Do not edit", "moult_generation=1", "moult_good=b", "moult_trial="];
  expect(parseBootCopy(block(...lines, "moult_tries=0"))?.good).toBe("b");
});

test.each([
  ["nothing", Buffer.alloc(1024)],
  ["a block without a word", block()],
  ["no slot", block("moult_generation=1", "moult_good=c", "moult_trial=", "moult_tries=0")],
  [
    "a trial of the good slot",
    block("moult_generation=1", "moult_good=a", "moult_trial=a", "moult_tries=1"),
  ],
  [
    "tries of nothing",
    block("moult_generation=1", "moult_good=a", "moult_trial=", "moult_tries=1"),
  ],
  ["no number", block("moult_generation=x", "moult_good=a", "moult_trial=", "moult_tries=0")],
])("%s is no copy", (_name, bytes) => {
  expect(parseBootCopy(bytes)).toBeUndefined();
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
