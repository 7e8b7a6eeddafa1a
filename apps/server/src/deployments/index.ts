export { closeOpenAssignment } from "./close-open-assignment.ts";
export { openOffer, saveAttemptLog, type OfferedContent } from "./offered-content.ts";
export { createDeploymentHandlers, type DeploymentHandlerDeps } from "./operations.ts";
export { planDevice, previewDevice, type DevicePlan, type Offer } from "./plan-device.ts";
export {
  reportAssignment,
  type AssignmentReport,
  type ReportResult,
  type ReportedOutcome,
} from "./report-assignment.ts";
export { createDeploymentTender, type DeploymentTender } from "./tend-deployments.ts";
