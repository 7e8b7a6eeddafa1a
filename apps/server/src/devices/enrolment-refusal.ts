import type { ErrorCode } from "@moult/api";

/** Why a device was turned away, for whoever reads its log; says no more than the device may know. */
export function refusalDetail(reason: ErrorCode): string {
  return DETAILS[reason] ?? "The device may not enrol.";
}

const DETAILS: Partial<Record<ErrorCode, string>> = {
  "enrolment-closed":
    "Provision the device with an enrolment token, or preauthorise its key; a preauthorisation counts for its product and, if it names one, its identity.",
  "enrolment-token-invalid":
    "Create a new enrolment token for this product and provision the device with it.",
  "pending-limit":
    "Accept or reject devices that wait; the device asks again by itself and gets in then.",
  "device-rejected":
    "A device of this identity was rejected; an operator can accept it again, and then this key.",
  "device-decommissioned":
    "A device of this identity was decommissioned for good; give the machine another identity.",
  "state-conflict":
    "This key belongs to a device of another product; let the device make a new key, or provision it for its product.",
};
