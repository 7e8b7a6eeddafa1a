export {
  AssignmentEvent,
  AssignmentEventsRequest,
  AttemptOutcome,
  ChallengeReply,
  CheckInRequest,
  DeviceActivity,
  DeviceProblem,
  EnrollReply,
  EnrollRequest,
  LOG_BYTES_MAX,
  RECEIPT_CHARACTERS_MAX,
  SIGNATURE_HEADER,
  SIGNATURE_PURPOSE,
  SessionReply,
  SessionRequest,
} from "./messages.ts";
export { INSTALLED_FROM_ATTRIBUTE, UNDECIDED_ATTRIBUTE } from "./attributes.ts";
export { Provisioning } from "./provisioning.ts";
export { RECEIPT_PAYLOAD_TYPE, Receipt } from "./receipt.ts";
export { contextDigest, inventoryDigest, runningDigest, signedMessage } from "./report-digest.ts";
