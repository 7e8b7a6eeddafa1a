export type { BootChoice, BootControl, Slot } from "./boot-control.ts";
export {
  BOOT_COPY_BYTES,
  bootEnvironmentOf,
  chooseBoot,
  decodeBootCopy,
  encodeBootCopy,
  type BootCopies,
  type BootEnvironment,
  type BootDecision,
} from "./boot-environment.ts";
export { posixCksum } from "./posix-cksum.ts";
export { BOOT_COPY_NAMES, createFileBootControl } from "./file-boot-control.ts";
export { writeDurably } from "./durable-write.ts";
export type { Files } from "./files.ts";
export type { SlotDevice } from "./slot-device.ts";
export { digestOfSlot, fillSlot, type Hasher } from "./fill-slot.ts";
export {
  createSlotInstaller,
  otherSlot,
  SlotError,
  type RestartNote,
  type SlotContent,
  type SlotImage,
  type SlotInstaller,
  type SlotInstallerDeps,
} from "./slot-installer.ts";
export {
  createStateStore,
  type StateCodec,
  type StateReading,
  type StateStore,
} from "./state-store.ts";
export type { Ticker } from "./ticker.ts";
export {
  createUpdateLoop,
  type DeviceEffect,
  type StateChange,
  type UpdateLoop,
} from "./update-loop.ts";
export { STEP_FAILURE_CODES } from "./step-failure-codes.ts";
