import { instant } from "@moult/base";
import { expect, test } from "vitest";
import { createRateCap } from "./rate-cap.ts";

test("no minute sees more installs signed than the cap and what the bucket held", () => {
  let now = 0;
  const take = createRateCap(60, { now: () => instant(now) });

  const burst = Array.from({ length: 100 }, () => take()).filter(Boolean).length;
  now += 10_000;
  const afterTenSeconds = Array.from({ length: 100 }, () => take()).filter(Boolean).length;
  now += 3_600_000;
  const afterAnHour = Array.from({ length: 100 }, () => take()).filter(Boolean).length;

  expect({ burst, afterTenSeconds, afterAnHour }).toEqual({
    burst: 60,
    afterTenSeconds: 10,
    afterAnHour: 60,
  });
});

test("a clock that is set back gives nothing away", () => {
  let now = 1_000_000;
  const take = createRateCap(1, { now: () => instant(now) });
  expect(take()).toBe(true);
  now = 0;
  expect(take()).toBe(false);
});
