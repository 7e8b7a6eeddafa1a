import {
  createFileBootControl,
  createSlotInstaller,
  createStateStore,
  createUpdateLoop,
} from "@moult/agent-core";
import { effects, next } from "@moult/updater";
import { openReports } from "./reports.ts";
import { openCounter } from "./security-counter.ts";
import { shippedFirmware, type Firmware } from "./firmware.ts";

/** The code under test: what ships. A planted bug takes the place of one of these. */
export interface Shipped {
  readonly brain: { readonly next: typeof next; readonly effects: typeof effects };
  readonly createUpdateLoop: typeof createUpdateLoop;
  readonly createStateStore: typeof createStateStore;
  readonly createBootControl: typeof createFileBootControl;
  readonly createSlotInstaller: typeof createSlotInstaller;
  readonly firmware: Firmware;
  /** The agent's own keeping of these two is not portable yet; the simulator's has the same rules. */
  readonly openCounter: typeof openCounter;
  readonly openReports: typeof openReports;
}

export const SHIPPED: Shipped = {
  brain: { next, effects },
  createUpdateLoop,
  createStateStore,
  createBootControl: createFileBootControl,
  createSlotInstaller,
  firmware: shippedFirmware,
  openCounter,
  openReports,
};
