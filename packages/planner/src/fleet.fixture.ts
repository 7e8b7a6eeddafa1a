import type { Plan } from "@moult/model";
import { assignmentId, deployment, device, NOW } from "./facts.fixture.ts";
import { createFleet, createFleetDevice, type Fleet, type FleetDevice } from "./memory-fleet.ts";

export const newDevice = (draw: number): FleetDevice =>
  createFleetDevice(draw, assignmentId(1), "1.0");

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
