import { MINUTE_MS, instant, later } from "@moult/base";
import { expect, test } from "vitest";
import { createAttemptLimit } from "./attempt-limit.ts";

function limitOfThree() {
  let now = instant(1_000_000);
  const limit = createAttemptLimit({ attemptsMax: 3, windowMs: 3 * MINUTE_MS }, { now: () => now });
  const pass = (ms: number): void => {
    now = later(now, ms);
  };
  const takeAll = (key: string): number => {
    let taken = 0;
    while (limit.take(key)) taken += 1;
    return taken;
  };
  return { limit, pass, takeAll };
}

test("who has used up his attempts gets one back after his share of the window", () => {
  const { limit, pass, takeAll } = limitOfThree();

  expect(takeAll("a")).toBe(3);
  pass(MINUTE_MS - 1);
  expect(limit.take("a")).toBe(false);
  pass(1);
  expect(takeAll("a")).toBe(1);
});

test("attempts do not pile up beyond the limit, and each has his own", () => {
  const { pass, takeAll } = limitOfThree();
  takeAll("a");

  expect(takeAll("b")).toBe(3);
  pass(60 * MINUTE_MS);
  expect(takeAll("a")).toBe(3);
});

test("a clock that is set back gives nothing and takes nothing", () => {
  const { limit, pass, takeAll } = limitOfThree();
  limit.take("a");
  pass(-60 * MINUTE_MS);

  expect(takeAll("a")).toBe(2);
});

test("who turned out to be right has all attempts again", () => {
  const { limit, takeAll } = limitOfThree();
  takeAll("a");
  limit.forgive("a");

  expect(takeAll("a")).toBe(3);
});

test("a flood of strangers pushes out those who wait longest, and memory stays bounded", () => {
  const { limit, takeAll } = limitOfThree();
  takeAll("early");
  for (let n = 0; n < 19_999; n += 1) limit.take(`stranger ${n}`);

  expect(limit.take("early"), "19,999 others fit beside it").toBe(false);
  for (let n = 0; n < 20_000; n += 1) limit.take(`other ${n}`);
  expect(takeAll("early"), "20,000 others do not").toBe(3);
});
