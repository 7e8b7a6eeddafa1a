export type { EnrolmentLimits, KeyState } from "./decide-enrolment.ts";
export { enrolDevice, type EnrolmentRequest } from "./enrol-device.ts";
export { issueEnrolmentToken } from "./enrolment-operations.ts";
export { findDeviceByKey } from "./find-device.ts";
export { fleetContact } from "./fleet-contact.ts";
export { createLastSeen, type LastSeen } from "./last-seen.ts";
export { createDeviceHandlers } from "./operations.ts";
export { recordInstance } from "./record-instance.ts";
export { recordInventory, recordRunning, recordTraits } from "./record-report.ts";
