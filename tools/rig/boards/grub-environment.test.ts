import { expect, test } from "vitest";
import { parseGrubCopy } from "./grub-environment.ts";

const block = (...lines: string[]): Buffer =>
  Buffer.from(
    `# GRUB Environment Block\n${lines.map((line) => `${line}\n`).join("")}`.padEnd(1024, "#"),
  );

test("a copy is what GRUB would read, whatever the order of its lines", () => {
  expect(
    parseGrubCopy(block("moult_tries=2", "moult_generation=7", "moult_good=a", "moult_trial=b")),
  ).toEqual({ generation: 7, good: "a", trial: "b", tries: 2 });
  expect(
    parseGrubCopy(block("moult_generation=1", "moult_good=b", "moult_trial=", "moult_tries=0")),
  ).toEqual({ generation: 1, good: "b", trial: "", tries: 0 });
});

test("a copy may have comments, as those that GRUB's own tool makes have", () => {
  const lines = ["# WARNING: Do not edit", "moult_generation=1", "moult_good=b", "moult_trial="];
  expect(parseGrubCopy(block(...lines, "moult_tries=0"))?.good).toBe("b");
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
  expect(parseGrubCopy(bytes)).toBeUndefined();
});
