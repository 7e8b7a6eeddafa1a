import { DAY_MS, MINUTE_MS, type InstantMs } from "@moult/base";
import type { Plan } from "@moult/model";
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
}
const OFFERS_MADE = new WeakMap<Fleet, OfferMade[]>();

/** Notes an offer in books of its own, and says which of the plan's limits over time it breaks. */
export function brokenByOffer(
  fleet: Fleet,
  { deployment: { isForced }, artifact }: Extract<Decision, { kind: "offer" }>,
): readonly string[] {
  const { now: at, plan } = fleet;
  const made = [...(OFFERS_MADE.get(fleet) ?? []), { at, bytes: artifact.sizeBytes }];
  OFFERS_MADE.set(fleet, made);
  if (isForced) return [];
  const { perMinute = Infinity, bytesPerDay = Infinity } = plan.limits;
  const inMinute = made.filter((one) => one.at > at - MINUTE_MS).length;
  const inDay = made
    .filter((one) => one.at > at - DAY_MS)
    .reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    ...(inMinute > perMinute ? [`${inMinute} in a minute, ${perMinute} may be`] : []),
    ...(inDay > bytesPerDay ? [`${inDay} bytes in a day, ${bytesPerDay} may be`] : []),
  ];
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
