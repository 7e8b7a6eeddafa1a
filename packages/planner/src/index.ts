export {
  advance,
  isFailure,
  type AdvanceEvent,
  type DeploymentProgress,
  type ProgressTally,
  type TripFacts,
} from "./advance.ts";
export {
  approvedStages,
  approversLeft,
  lackingApproversSentence,
  pendingApproval,
  pendingApprovalSentence,
  type ApprovalCounts,
  type PendingApproval,
} from "./approvals.ts";
export {
  assignmentStep,
  isBeforeInstall,
  isUnderWay,
  type AssignmentMove,
  type AssignmentStep,
} from "./assignment-transitions.ts";
export {
  afterAttempt,
  backoffMsMax,
  CANCELLED,
  isProvisional,
  mayCancel,
  mayRetry,
} from "./attempts.ts";
export { checkConditions } from "./check-conditions.ts";
export { meetsConditions } from "./conditions.ts";
export { brokenLimits, checkPlan, defaultPlan, type PlanFinding } from "./check-plan.ts";
export { deferralSentence } from "./deferral-sentence.ts";
export { deploymentName } from "./deployment-name.ts";
export { counted, numberText } from "./counted.ts";
export { tryClaims, type ClaimStore, type ClaimTrial } from "./claim-trial.ts";
export { memoryClaims } from "./memory-claims.ts";
export { countedAs, type TallyCounter } from "./counted-as.ts";
export { decide, type Claim, type Decision, type WithdrawCause } from "./decide.ts";
export { deploymentStep, isActive, type DeploymentMove } from "./deployment-transitions.ts";
export { eventSentence, type EventNames } from "./event-sentences.ts";
export { explain, type DeviceExplanation } from "./explain.ts";
export type {
  ArtifactFacts,
  AssignmentFacts,
  AttemptFacts,
  Census,
  DecideFacts,
  DeploymentFacts,
  DeviceFacts,
  DeviceHoldFacts,
  OpenAssignmentFacts,
  PastUpdate,
  ReachedFacts,
  SafeguardFacts,
  SignedTerms,
  Standing,
  VersionRules,
} from "./facts.ts";
export { headlineOf } from "./headline.ts";
export { needSentence } from "./need-sentences.ts";
export { nextStageSentence } from "./next-stage.ts";
export { overviewHeadline } from "./overview-headline.ts";
export {
  censusOf as fleetCensus,
  checkIn as fleetCheckIn,
  correct as fleetCorrect,
  createFleet,
  createFleetDevice,
  end as fleetEnd,
  factsOf as fleetFactsOf,
  openNextStage as fleetOpenNextStage,
  operate as fleetOperate,
  progress as fleetProgress,
  wait as fleetWait,
  type Fleet,
  type FleetDevice,
} from "./memory-fleet.ts";
export {
  NO_FLOW,
  hasRamp,
  siteAttributes,
  siteOf,
  type FlowFacts,
  type LimitClaim,
  type SiteFacts,
} from "./limits.ts";
export {
  bucketAt,
  DAY_WINDOW,
  forgottenBefore,
  MINUTE_WINDOW,
  windowBegin,
  type WindowRule,
  type WindowUse,
} from "./sliding-window.ts";
export type { RampCount } from "./ramp.ts";
export { phaseEndsAt, phaseLimits, phaseOf } from "./phase-timeouts.ts";
export { heldBackAbout, heldBackFrom, isHeldBack } from "./hold-back.ts";
export { PLACES, placeOf, placeThreshold } from "./place.ts";
export {
  approvalsImpossible,
  conditionsRefused,
  confirmSentence,
  findingsOf,
  type Intent,
  type ConditionGap,
  type ZoneGap,
} from "./plan-sentences.ts";
export {
  previewFor,
  stageSteps,
  waitFor,
  type PreviewedRelease,
  type PreviewVerdict,
} from "./preview.ts";
export { comparePrecedence, precedenceOf, type Precedence } from "./precedence.ts";
export {
  recordAdvance,
  recordCreation,
  recordDecision,
  type RecordedInputs,
} from "./recorded-inputs.ts";
export { replay, type Replayed } from "./replay.ts";
export { rollbackObstacle, wayBackObstacle, type RollbackObstacle } from "./rollback.ts";
export { rollbackSentence, type RollbackGap } from "./rollback-sentence.ts";
export { refusedRollBack, rehearseRollBack, type RollBackFacts } from "./roll-back-order.ts";
export { sentenceOfMany, waitKey, type Wait } from "./reason-groups.ts";
export { sentenceOf } from "./reason-sentences.ts";
export { rehearse, type RehearsedAction } from "./rehearse.ts";
export { trustLevelOf } from "./trust-level.ts";
export {
  failuresOf,
  finishedOf,
  gateOf,
  missingApproval,
  NO_ENDS,
  type Ends,
} from "./stage-gate.ts";
export {
  offerWindow,
  stepWindows,
  windowFacts,
  zoneAttributesOf,
  type WindowFacts,
  type Zone,
  type Zones,
} from "./windows.ts";
export {
  HABIT_PERIOD_MS,
  HABIT_SILENCE,
  NO_HABIT,
  patienceOf,
  SEEN_LATER_MS,
  silenceDetail,
  silenceEndsAt,
  type CheckInHabit,
} from "./silence.ts";
export {
  EXACT_TARGET_MAX,
  lastStage,
  namedStageCount,
  placesTaken,
  shareSize,
  stageCap,
} from "./stage-share.ts";
export { termsToHeed } from "./unheeded-terms.ts";
export { NO_RULES, stepsBefore } from "./version-rules.ts";
