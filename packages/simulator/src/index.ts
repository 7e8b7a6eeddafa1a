export {
  findPlanted,
  levelOf,
  runSeeds,
  simulateSeed,
  type CampaignResult,
  type ControlResult,
  type Finding,
} from "./campaign.ts";
export { PLANTED_BUGS } from "./planted-bugs.ts";
export { grubFirmware } from "./grub-firmware.ts";
export type { SeenBootPlan } from "./machine.ts";
export { SHIPPED } from "./shipped.ts";
export type { Platform } from "./simulate.ts";
export { EXHAUSTIVE_CASES, exploreCuts, type ExhaustiveResult } from "./exhaustive.ts";
export { FAULT_LEVELS, type FaultLevel } from "./fault-levels.ts";
export { renderReport, summaryOf } from "./render-report.ts";
export { addTally, emptyTally, type Tally } from "./tally.ts";
export { findPlantedInFleets, runFleets } from "./fleet-campaign.ts";
export { fleetInvariantSays } from "./fleet-invariants.ts";
export { PLANTED_FLEET_BUGS } from "./fleet-shell.ts";
export { simulateFleet } from "./simulate-fleet.ts";
