export { closeOpenAssignment } from "./close-open-assignment.ts";
export {
  appendAttemptLog,
  openOffer,
  saveAttemptLog,
  type OfferedContent,
} from "./offered-content.ts";
export { createDeploymentHandlers } from "./operations.ts";
export {
  planDevice,
  previewDevice,
  takeBackUnwanted,
  type DevicePlan,
  type Offer,
} from "./plan-device.ts";
export { noteRefusedOffer } from "./refuse-offer.ts";
export { shownDeployments, unfinishedDeployments } from "./show-deployments.ts";
export { reportAssignment, type AssignmentReport, type ReportResult } from "./report-assignment.ts";
export {
  offerInstalled,
  offerStanding,
  tellStanding,
  type Standing,
  type StandingOffer,
} from "./standing-offer.ts";
export { endDeferral, reportNext, type UnnumberedReport } from "./report-next.ts";
export { createDeploymentTender } from "./tend-deployments.ts";
export { tellTerms, type OfferTerms } from "./offer-terms.ts";
export { reportedUpdate, updateBeginning, type ReportedUpdate } from "./reported-update.ts";
