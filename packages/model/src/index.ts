export { BulkAction, BulkActionKind, BulkChange, BulkRefusal } from "./bulk-change.ts";
export {
  Approval,
  Assignment,
  AssignmentState,
  Attempt,
  Deployment,
  DeploymentState,
  DeploymentTarget,
  TargetExclusion,
  Tally,
  Trip,
} from "./deployment.ts";
export { Configuration, ConfigurationChange, DeviceConfiguration } from "./configuration.ts";
export { ChainBreak, ChainPage, ChainReplay, ChainVerification } from "./deployment-chain.ts";
export { ChangeNotice } from "./change-notice.ts";
export {
  DeploymentFinding,
  DeploymentPreview,
  DeploymentProgress,
  DeploymentRehearsal,
  WaitKind,
  WaitingDevice,
  RollBackPreview,
} from "./deployment-preview.ts";
export {
  ClientTraits,
  Device,
  DeviceContact,
  DeviceHold,
  DeviceIdentity,
  DeviceRow,
  DeviceRunningEntry,
  DeviceState,
  DeviceTrustLevel,
  UnheededTerm,
  DeviceUpdate,
  EnrolmentToken,
  Group,
  Inventory,
  Preauthorisation,
  Running,
  deviceLabel,
} from "./device.ts";
export { DeviceEvidence, DeviceReceipt } from "./evidence.ts";
export { EventKind, FleetEvent, FleetEventBody } from "./event.ts";
export { Deferral, HOLDS_MAX, HOLD_DETAIL_CHARACTERS_MAX, Hold, HoldPoint } from "./hold.ts";
export { FleetNeed, Overview } from "./overview.ts";
export {
  ArtifactId,
  AssignmentId,
  BulkChangeId,
  DeploymentId,
  DeviceId,
  DeviceReceiptId,
  WebhookDeliveryId,
  EnrolmentTokenId,
  GroupId,
  ControllerGatewayId,
  PreauthorisationId,
  ReleaseId,
  SafeguardId,
  TenantId,
  TrustProposalId,
  UploadId,
  UserId,
} from "./ids.ts";
export {
  fingerprintGroups,
  ChannelName,
  Depends,
  HardwareType,
  Instant,
  ProductName,
  Provides,
  ReleaseVersion,
  Sha256,
} from "./names.ts";
export { Failure, Outcome } from "./outcome.ts";
export {
  ErrorStop,
  isNamedSize,
  OnTrip,
  Plan,
  PRIORITY_DEFAULT,
  PRIORITY_MAX,
  Retry,
  Stage,
  StageAdvance,
  StageApprovals,
  type NamedSize,
  Ramp,
  StageSize,
} from "./plan.ts";
export {
  advanceWords,
  approvalsWords,
  errorStopWords,
  bytesWords,
  flowWords,
  rampWords,
  onTripWords,
  phaseTimeoutWords,
  secondsWords,
  sizeWords,
  stageWords,
} from "./plan-words.ts";
export { planRules, planSentences } from "./plan-summary.ts";
export {
  Artifact,
  ArtifactSignature,
  BARE_PAYLOAD_TYPES,
  bareTypeOf,
  Payload,
  PayloadFile,
  Product,
  Release,
  artifactPath,
} from "./release.ts";
export {
  BATTERY_STEP_PERCENT,
  KnownContext,
  ReportedContext,
  contextWords,
} from "./reported-context.ts";
export { OnlineFile, OnlineKeys, SignerReply, SignerRequest } from "./signer-message.ts";
export {
  ArtifactTrust,
  OnlineKeyStatus,
  TrustFile,
  TrustKey,
  TrustMetadata,
  TrustProposal,
  TrustProposalFile,
  TrustProposalState,
  TrustRole,
  TrustRoleStatus,
  TrustSignature,
  TrustStatus,
  TrustWarning,
  channelOfRole,
  roleOfChannel,
  trustFileName,
} from "./trust.ts";
export { DeploymentMode, UpdateMode, modeWords } from "./update-mode.ts";
export { UploadState } from "./upload.ts";
export { Explanation, WaitReason } from "./wait-reason.ts";
export { releaseRuleWords } from "./release-words.ts";
export { OpenTime, StepWindows, Weekday, Window, WindowZone, ZONE_ATTRIBUTE } from "./window.ts";
export { WINDOW_SHAPE, textOfWindow, windowFromText } from "./window-text.ts";
export { windowLine } from "./window-words.ts";
export { Safeguard } from "./safeguard.ts";
export { targetTermsWords } from "./target-words.ts";
export { ControllerGateway, ControllerId } from "./controller.ts";
