export type { BootChoice, BootControl, Slot } from "./boot-control.ts";
export type { Files } from "./files.ts";
export type { SlotDevice } from "./slot-device.ts";
