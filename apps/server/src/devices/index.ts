export { addKeylessDevice } from "./add-keyless-device.ts";
export { decideOneOfMany, impossibleSentence, type CloseOpenAssignment } from "./change-device.ts";
export { desiredSettings, recordSettings } from "./configure-device.ts";
export type { EnrolmentLimits, KeyState } from "./decide-enrolment.ts";
export type { ContactClock } from "./device-contact.ts";
export { changeDevice, type DeviceAction } from "./device-transitions.ts";
export { enrolDevice, type EnrolmentRequest } from "./enrol-device.ts";
export { issueEnrolmentToken } from "./enrolment-operations.ts";
export { findDeviceByKey, isOfIdentity } from "./find-device.ts";
export { joiningProduct } from "./joining-product.ts";
export { fleetContact } from "./fleet-contact.ts";
export { createLastSeen, type LastSeen } from "./last-seen.ts";
export { createDeviceHandlers } from "./operations.ts";
export { recordInstance } from "./record-instance.ts";
export {
  recordContext,
  mergeInventory,
  recordHardwareType,
  recordInventory,
  recordRunning,
  recordTraits,
} from "./record-report.ts";
export { knownAttributes, knownRunning } from "./known-reports.ts";
export { selectedDevices, type SelectedDevice } from "./selected-devices.ts";
