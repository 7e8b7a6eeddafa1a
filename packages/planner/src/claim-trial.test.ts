import { seededRandom } from "@moult/base";
import { expect, test } from "vitest";
import { tryClaims } from "./claim-trial.ts";
import { deploymentId, NOW, planOf } from "./facts.fixture.ts";
import { memoryClaims } from "./memory-claims.ts";

const plan = planOf({
  stages: [
    {
      size: { count: 10 },
      ramp: { perMinute: 1, factor: 2, every: { offered: 3 }, perMinuteMax: 4 },
    },
    {
      size: { count: 20 },
      ramp: { perMinute: 1, factor: 1.5, every: { succeeded: 2 }, perMinuteMax: 5 },
    },
    { size: { remaining: true } },
  ],
  limits: {
    concurrentMax: 4,
    perMinute: 5,
    perSite: { attribute: "store", concurrentMax: 2 },
    bytesPerDay: 800_000,
  },
});
const deployment = { id: deploymentId(1), plan };
const order = { placesMax: 30, how: "one-by-one" } as const;

test("claims in memory hold every limit, however old what the askers know and whatever their clocks say", async () => {
  let granted = 0;
  for (let seed = 1; seed <= 100; seed += 1) {
    const trial = await tryClaims([memoryClaims()], deployment, order, seededRandom(seed), NOW);
    expect(trial.broken, `seed ${seed}`).toEqual([]);
    granted += trial.granted.filter(Boolean).length;
  }
  expect(granted, "and are granted").toBeGreaterThan(1_500);
});

test("a store that grants what it is asked is found out", async () => {
  const lax = () => {
    const store = memoryClaims();
    const unbounded = {
      openMax: null,
      placesMax: null,
      offersMax: null,
      stage: null,
      bytes: null,
      site: null,
      approvedMin: null,
    };
    return { ...store, offer: (_: unknown, now: typeof NOW) => store.offer(unbounded, now) };
  };
  const trials = await Promise.all(
    Array.from({ length: 20 }, (_, seed) =>
      tryClaims([lax()], deployment, order, seededRandom(seed), NOW),
    ),
  );
  const broken = trials.flatMap((trial) => trial.broken).join();
  for (const what of [
    "devices in the update",
    "devices of one site",
    "offers in a minute",
    "offers in a minute of the ramp",
    "bytes in a day",
    "places",
  ])
    expect(broken).toContain(what);
});
