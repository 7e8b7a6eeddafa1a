import { expect, test } from "vitest";
import { advanceWords, bytesWords, errorStopWords, secondsWords, sizeWords } from "./plan-words.ts";
import { StageAdvance, type ErrorStop, type StageSize } from "./plan.ts";

test.each<[StageSize, string]>([
  [{ percent: 0.5 }, "0.5 %"],
  [{ percent: 100 }, "all"],
  [{ remaining: true }, "all"],
  [{ count: 1 }, "1 device"],
  [{ count: 50 }, "50 devices"],
])("a size of %j is %s", (size, words) => {
  expect(sizeWords(size)).toBe(words);
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1_000, "1 kB"],
  [1_543_999, "1.544 MB"],
  [20_000_000_000, "20 GB"],
  [10_000_000_000_000, "10 TB"],
])("%i bytes are %s", (bytes, words) => {
  expect(bytesWords(bytes)).toBe(words);
});

test("what the next stage waits for is said in order", () => {
  const advance = {
    successPercent: 90,
    afterSeconds: 7_200,
    maxWaitSeconds: 172_800,
    manual: true,
  };
  expect(advanceWords(StageAdvance.parse(advance))).toBe(
    "when 90 % succeeded, after 2 d without those that were not reached, 2 h or more after it opened, and a person opens it",
  );
  expect(advanceWords(StageAdvance.parse({}))).toBe("when 100 % succeeded");
});

test.each<[ErrorStop, string]>([
  [{ count: 3 }, "at 3 failed"],
  [{ percent: 10, sampleMin: 20 }, "at 10 % failed of at least 20"],
  [
    { count: 3, percent: 5, kinds: ["rolled-back", "silent"] },
    "at 3 rolled back or silent, or 5 % rolled back or silent",
  ],
])("a stop of %j stops %s", (stop, words) => {
  expect(errorStopWords(stop)).toBe(words);
});

test.each([
  [90, "90 s"],
  [5_400, "90 min"],
  [86_400, "1 d"],
])("%d seconds are %s", (seconds, words) => {
  expect(secondsWords(seconds)).toBe(words);
});
