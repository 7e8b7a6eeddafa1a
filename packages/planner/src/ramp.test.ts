import { later, MINUTE_MS, present } from "@moult/base";
import type { Ramp } from "@moult/model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { planOf } from "./facts.fixture.ts";
import { startFleet } from "./fleet.fixture.ts";
import { checkIn, end, openNextStage, wait, type Fleet } from "./memory-fleet.ts";
import { NOTHING_DONE, rampRate } from "./ramp.ts";
import { sentenceOf } from "./reason-sentences.ts";

const aRamp = (changes: Partial<Ramp> = {}): Ramp => ({
  perMinute: 5,
  factor: 2,
  every: { succeeded: 10 },
  perMinuteMax: 50,
  ...changes,
});
const fleetOf = (plan: Parameters<typeof planOf>[0], devices: number): Fleet =>
  startFleet(
    planOf({ limits: { concurrentMax: 1_000 }, ...plan }),
    7,
    Array.from({ length: devices }, (_, index) => index + 1),
  );
const offerAll = (fleet: Fleet) =>
  fleet.devices.filter((device) => checkIn(fleet, device).kind === "offer");

test.each<[Partial<Ramp>, number, number]>([
  [{}, 0, 5],
  [{}, 9, 5],
  [{}, 10, 10],
  [{}, 39, 40],
  [{}, 40, 50],
  [{}, 1_000_000, 50],
  // One and a tenth make no second device until they have come together.
  [{ perMinute: 1, factor: 1.1 }, 70, 1],
  [{ perMinute: 1, factor: 1.1 }, 80, 2],
  [{ perMinute: 10, factor: 1.1 }, 10, 11],
])("a ramp of %j is at %i that succeeded %i a minute", (changes, succeeded, rate) => {
  expect(rampRate(aRamp(changes), { offers: 0, succeeded }, NOTHING_DONE)).toBe(rate);
});

test("a ramp never falls, and stays between its ends", () => {
  const ramp = fc.record({
    perMinute: fc.integer({ min: 1, max: 100 }),
    factor: fc.double({ min: 1.1, max: 10, noNaN: true }),
    every: fc.record({ offered: fc.integer({ min: 1, max: 5 }) }),
    perMinuteMax: fc.integer({ min: 101, max: 100_000 }),
  });
  fc.assert(
    fc.property(ramp, fc.integer({ min: 0, max: 2_000 }), (given, offers) => {
      const now = rampRate(given, { offers, succeeded: 0 }, NOTHING_DONE);
      const next = rampRate(given, { offers: offers + 1, succeeded: 0 }, NOTHING_DONE);
      expect(now).toBeGreaterThanOrEqual(given.perMinute);
      expect(next).toBeGreaterThanOrEqual(now);
      expect(next).toBeLessThanOrEqual(given.perMinuteMax);
    }),
  );
});

test("a stage begins slowly and goes faster as devices succeed, and who waits is told how fast it is by now", () => {
  const ramp = aRamp({ perMinute: 2, every: { succeeded: 2 }, perMinuteMax: 8 });
  const fleet = fleetOf({ stages: [{ size: { remaining: true }, ramp }] }, 40);
  const counts: number[] = [];
  for (let minute = 0; minute < 5; minute += 1) {
    const offered = offerAll(fleet);
    counts.push(offered.length);
    wait(fleet, MINUTE_MS + 5_000);
    for (const device of offered) end(fleet, device, "succeeded", null);
  }
  expect(counts).toEqual([2, 4, 8, 8, 8]);

  const slow = fleetOf({ stages: [{ size: { remaining: true }, ramp }] }, 40);
  const [first] = offerAll(slow);
  const waiting = present(
    slow.devices.find(({ assignment }) => assignment === null),
    "most wait",
  );
  const answer = checkIn(slow, waiting);
  expect(answer).toMatchObject({
    reasons: [{ kind: "rate-limit", perMinute: 2, growsTo: 8 }],
    // One more success can raise it.
    isContended: true,
    until: later(slow.now, 63_000),
  });
  const [reason] = answer.kind === "wait" ? answer.reasons : [];
  expect(sentenceOf(present(reason, "it waits"))).toBe(
    "At most 2 devices start in any minute by now, up to 8 as the stage goes on; the next one may at 2027-01-15 08:01:03 UTC.",
  );
  end(slow, present(first, "two were offered it"), "succeeded", null);
  expect(checkIn(slow, waiting).kind, "one is not two").toBe("wait");
});

test("a ramp by offers counts every try, and nobody needs to ask before the minute is over", () => {
  const ramp = aRamp({ perMinute: 2, every: { offered: 2 }, perMinuteMax: 4 });
  const fleet = fleetOf({ stages: [{ size: { remaining: true }, ramp }] }, 20);
  // The second of them makes it four a minute.
  expect(offerAll(fleet)).toHaveLength(4);
  const answer = checkIn(fleet, present(fleet.devices[19], "there are twenty"));
  expect(answer).toMatchObject({
    reasons: [{ kind: "rate-limit", perMinute: 4, growsTo: null }],
    isContended: false,
  });
});

test("each stage begins with its own ramp, whatever went before", () => {
  const ramp = aRamp({ perMinute: 1, every: { succeeded: 1 }, perMinuteMax: 16 });
  const stages = [
    { size: { count: 8 }, advance: { manual: true as const, successPercent: 25 } },
    { size: { remaining: true as const }, ramp },
  ];
  const fleet = fleetOf({ stages }, 40);
  for (const device of offerAll(fleet)) end(fleet, device, "succeeded", null);
  openNextStage(fleet);
  expect(fleet.flow.atOpening).toEqual({ offers: 8, succeeded: 8 });

  // What the first stage offered in this minute counts too.
  expect(offerAll(fleet)).toHaveLength(0);
  wait(fleet, MINUTE_MS + 3_000);
  const [only, ...others] = offerAll(fleet);
  expect(others).toEqual([]);
  end(fleet, present(only, "one a minute"), "succeeded", null);
  wait(fleet, MINUTE_MS + 3_000);
  expect(offerAll(fleet)).toHaveLength(2);
});

test("the plan's own rate holds beside a ramp, and the smaller of the two is told", () => {
  const ramp = aRamp({ perMinute: 2, every: { offered: 1 }, perMinuteMax: 50 });
  const limits = { concurrentMax: 1_000, perMinute: 3 };
  const fleet = fleetOf({ stages: [{ size: { remaining: true }, ramp }], limits }, 20);
  expect(offerAll(fleet)).toHaveLength(3);
  expect(checkIn(fleet, present(fleet.devices[19], "there are twenty"))).toMatchObject({
    reasons: [{ kind: "rate-limit", perMinute: 3, growsTo: null }],
  });
});
