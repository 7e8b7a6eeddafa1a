export type { CloseOpenAssignment, Decider } from "./change-device.ts";
export type { EnrolmentLimits, KeyState } from "./decide-enrolment.ts";
export type { InstanceDecision } from "./decide-instance.ts";
export {
  enrolDevice,
  type EnrolmentAnswer,
  type EnrolmentDeps,
  type EnrolmentRequest,
} from "./enrol-device.ts";
export { findDeviceByKey, type KeyedDevice } from "./find-device.ts";
export { LAST_SEEN_FLUSH_MS, createLastSeen, type LastSeen } from "./last-seen.ts";
export { createDeviceHandlers, type DeviceHandlerDeps } from "./operations.ts";
export { recordInstance } from "./record-instance.ts";
export { recordInventory, recordRunning, recordTraits } from "./record-report.ts";
