import { DAY_MS, MINUTE_MS, type InstantMs } from "@moult/base";
import type { Plan, Ramp } from "@moult/model";
import fc from "fast-check";
import { isUnderWay } from "./assignment-transitions.ts";
import type { Decision } from "./decide.ts";
import { assignmentId, deployment, device, NOW } from "./facts.fixture.ts";
import { createFleet, createFleetDevice, type Fleet, type FleetDevice } from "./memory-fleet.ts";

/** Limits beside `concurrentMax`, small enough to be reached. */
export const flowLimits = fc.record(
  {
    perMinute: fc.constantFrom(1, 3),
    // An artifact has 1,000 bytes.
    bytesPerDay: fc.constantFrom(3_000, 8_500),
    perSite: fc.record({
      attribute: fc.constant("store"),
      concurrentMax: fc.constantFrom(1, 2),
    }),
  },
  { requiredKeys: [] },
);

/** Stages' own rates, which reach their ends soon. */
export const ramps = fc.record({
  perMinute: fc.constantFrom(1, 2),
  factor: fc.constantFrom(1.5, 4),
  every: fc.oneof(
    fc.record({ succeeded: fc.constantFrom(1, 3) }),
    fc.record({ offered: fc.constantFrom(1, 4) }),
  ),
  perMinuteMax: fc.constantFrom(3, 6),
});

const SITES = ["", "north", "south"];

export const newDevice = (draw: number): FleetDevice => ({
  ...createFleetDevice(draw, assignmentId(1), "1.0"),
  site: SITES[draw % SITES.length] ?? "",
});

/** What of its sites' counts is not as its rows say, or as its plan allows. */
export function brokenSites({ sites, devices, plan, forcedOffers }: Fleet): readonly string[] {
  const max = (plan.limits.perSite?.concurrentMax ?? Infinity) + forcedOffers;
  return Object.entries(sites).flatMap(([site, count]) => {
    const rows = devices.filter(
      ({ assignment, offeredAt }) =>
        offeredAt === site && assignment !== null && isUnderWay(assignment.state),
    ).length;
    return count === rows && count <= max ? [] : [`${site}: ${count} counted, ${rows} are`];
  });
}

interface OfferMade {
  readonly at: InstantMs;
  readonly bytes: number;
  readonly stage: number;
}
const OFFERS_MADE = new WeakMap<Fleet, OfferMade[]>();

/** Notes an offer in books of its own, and says which of the plan's limits over time it breaks. */
export function brokenByOffer(
  fleet: Fleet,
  { deployment: { isForced, stage, tally, flow }, artifact }: Extract<Decision, { kind: "offer" }>,
): readonly string[] {
  const { now: at, plan } = fleet;
  const before = OFFERS_MADE.get(fleet) ?? [];
  const made = [...before, { at, bytes: artifact.sizeBytes, stage }];
  OFFERS_MADE.set(fleet, made);
  if (isForced) return [];
  const offered = before.filter((one) => one.stage === stage).length;
  const succeeded = tally.succeeded - flow.atOpening.succeeded;
  const { perMinute = Infinity, bytesPerDay = Infinity } = plan.limits;
  const perMinuteMax = Math.min(perMinute, rateBy(plan.stages[stage]?.ramp, offered, succeeded));
  const inMinute = made.filter((one) => one.at > at - MINUTE_MS).length;
  const inDay = made
    .filter((one) => one.at > at - DAY_MS)
    .reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    ...(inMinute > perMinuteMax ? [`${inMinute} in a minute, ${perMinuteMax} may be`] : []),
    ...(inDay > bytesPerDay ? [`${inDay} bytes in a day, ${bytesPerDay} may be`] : []),
  ];
}

function rateBy(ramp: Ramp | undefined, offered: number, succeeded: number): number {
  if (ramp === undefined) return Infinity;
  const { perMinute, factor, every, perMinuteMax } = ramp;
  const steps = "succeeded" in every ? succeeded / every.succeeded : offered / every.offered;
  return Math.min(perMinuteMax, Math.floor(perMinute * factor ** Math.floor(steps) + 1e-9));
}

/** A deployment of 2.0 to devices that run 1.0. */
export function startFleet(plan: Plan, salt: number, draws: readonly number[]): Fleet {
  const { id, number, version, artifacts, rules } = deployment();
  const { hardwareType, traits } = device();
  return createFleet(
    {
      plan,
      salt,
      deployment: { id, number, version, artifacts, rules },
      device: { hardwareType, traits },
      timeoutMs: 3_600_000,
    },
    draws.map((draw) => newDevice(draw)),
    NOW,
  );
}
