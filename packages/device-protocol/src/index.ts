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
  SIGNATURE_HEADER,
  SIGNATURE_PURPOSE,
  SessionReply,
  SessionRequest,
} from "./messages.ts";
export { Provisioning } from "./provisioning.ts";
export { inventoryDigest, runningDigest, signedMessage } from "./report-digest.ts";
