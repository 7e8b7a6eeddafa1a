import { expect, test } from "vitest";
import { speedOf, timeLeftMs, withSample, type SpeedSample } from "./transfer-speed.ts";

const samplesOf = (...points: readonly (readonly [atMs: number, doneBytes: number])[]) =>
  points.reduce<readonly SpeedSample[]>(
    (samples, [atMs, doneBytes]) => withSample(samples, { atMs, doneBytes }),
    [],
  );

test("a speed is said only after a moment", () => {
  expect(speedOf([])).toBeNull();
  expect(speedOf(samplesOf([0, 0], [1_000, 5_000]))).toBeNull();
  expect(speedOf(samplesOf([0, 0], [1_000, 5_000], [2_000, 6_000]))).toBe(3_000);
});

test("it follows the last seconds, not the whole", () => {
  const samples = samplesOf([0, 0], [1_000, 1_000_000], [20_000, 1_000_100], [24_000, 1_000_500]);
  expect(speedOf(samples)).toBe(100);
});

test("what does not move has no end", () => {
  expect(timeLeftMs(1_000, 0)).toBeNull();
  expect(timeLeftMs(1_000, null)).toBeNull();
  expect(timeLeftMs(1_000, 100)).toBe(10_000);
});

test("parts that take longer than the window still have a speed", () => {
  expect(speedOf(samplesOf([0, 0], [20_000, 1_000], [40_000, 3_000]))).toBe(100);
});
