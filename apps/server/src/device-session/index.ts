export { createDeviceSessions, type DeviceSessions } from "./create-device-sessions.ts";
export type { Standing } from "../deployments/index.ts";
export type { DevicePrincipal } from "./device-principal.ts";
export {
  createForeignSessions,
  type ForeignSessions,
  type OfferTerms,
  type ReportedUpdate,
  type UnnumberedReport,
} from "./foreign-sessions.ts";
export type { PollAnswer } from "./poll-device.ts";
export { createSessionTokens, type SessionTokens } from "./session-token.ts";
export { createControllerSessions, type ControllerSessions } from "./controller-sessions.ts";
export type { ControllerPrincipal, ControllerWait, ControllerWork } from "./controller-work.ts";
export type { CancelFeedback, ControllerFeedback } from "./controller-feedback.ts";
export type { ControllerCredential } from "../controllers/index.ts";
export { heldStep, stepHolds } from "./step-holds.ts";
