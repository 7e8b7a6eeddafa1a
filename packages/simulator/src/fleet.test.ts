import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { findPlantedInFleets, runFleets } from "./fleet-campaign.ts";
import { PLANTED_FLEET_BUGS } from "./fleet-shell.ts";
import type { Platform } from "./simulate.ts";
import { simulateFleet } from "./simulate-fleet.ts";

const platform: Platform = {
  sha256: (bytes) => createHash("sha256").update(bytes).digest(),
  settle: () => new Promise((resolve) => setImmediate(resolve)),
};

const FLEETS = 12;

test("no fleet breaks an invariant: good releases reach everybody, bad ones are stopped", async () => {
  const { findings, deployments, tally } = await runFleets(platform, FLEETS);

  expect(findings, "npm run sim -- --fleet DEVICES --seed SEED --trace").toEqual([]);
  // Fleets without a bad release, power cuts, pauses and offers that are taken back prove nothing about them.
  expect(deployments["bad aborted"]).toBeGreaterThan(0);
  expect(deployments["good finished"]).toBeGreaterThan(FLEETS);
  expect(tally.powerCuts).toBeGreaterThan(FLEETS);
  expect(tally.faults).toMatchObject({
    "deployment: tripped": expect.any(Number),
    "operator: pause": expect.any(Number),
    "server: withdraw": expect.any(Number),
  });
  // It takes half of what the others may when nothing else is to be done.
}, 120_000);

test("the same seed gives the same fleet, line by line", async () => {
  const first = await simulateFleet({ platform, seed: 3, devices: 4, isTraced: true });
  const again = await simulateFleet({ platform, seed: 3, devices: 4, isTraced: true });

  expect(again.trace).toEqual(first.trace);
  expect(first.trace.length).toBeGreaterThan(100);
});

describe("a bug that is planted in the server's use of the planner is found:", () => {
  test.each(PLANTED_FLEET_BUGS)("$name", async ({ name, seed, expected }) => {
    const found = await findPlantedInFleets(platform, name, 0);

    expect(found, `not in seed ${seed} any more; npm run sim -- --negative finds another`).not.toBe(
      null,
    );
    expect(expected).toContain(found?.invariant);
  });
});
