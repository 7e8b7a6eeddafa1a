export type { BootChoice, BootControl, Slot } from "./boot-control.ts";
export type { Files } from "./files.ts";
export type { SlotDevice } from "./slot-device.ts";
export {
  createStateStore,
  type StateCodec,
  type StateReading,
  type StateStore,
} from "./state-store.ts";
export type { Ticker } from "./ticker.ts";
export { createUpdateLoop, type StateChange, type UpdateLoop } from "./update-loop.ts";
