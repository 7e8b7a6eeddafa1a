import { instant } from "@moult/base";
import { expect, test } from "vitest";
import { createRateCap } from "./rate-cap.ts";

test("no minute sees more installs signed than the cap and what the bucket held", () => {
  let now = 0;
  const take = createRateCap(60, { now: () => instant(now) });

  let offers = 0;
  const takeNew = () => take(`offer ${(offers += 1)}`, 1);
  const burst = Array.from({ length: 100 }, takeNew).filter(Boolean).length;
  now += 10_000;
  const afterTenSeconds = Array.from({ length: 100 }, takeNew).filter(Boolean).length;
  now += 3_600_000;
  const afterAnHour = Array.from({ length: 100 }, takeNew).filter(Boolean).length;

  expect({ burst, afterTenSeconds, afterAnHour }).toEqual({
    burst: 60,
    afterTenSeconds: 10,
    afterAnHour: 60,
  });
});

test("a clock that is set back gives nothing away", () => {
  let now = 1_000_000;
  const take = createRateCap(1, { now: () => instant(now) });
  expect(take("first", 1)).toBe(true);
  now = 0;
  expect(take("second", 1)).toBe(false);
});

test("an offer that is signed again takes nothing from others, its next try does", () => {
  const take = createRateCap(1, { now: () => instant(0) });
  expect([take("first", 1), take("first", 1), take("first", 2), take("second", 1)]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
