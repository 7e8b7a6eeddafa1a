export type { Effect, EffectOf, UpdateOutcome, UpdateReport } from "./effect.ts";
export { effects } from "./effects.ts";
export {
  FAILURE_MEANINGS,
  FailureCode,
  KnownFailureCode,
  RefusalCode,
  isRejection,
} from "./failure-code.ts";
export { holdPointOf } from "./hold-point-of.ts";
export { holdsOf, type DeviceContext, type HoldPolicy } from "./holds-of.ts";
export { LIFE_CYCLE } from "./life-cycle.ts";
export { STATE_WORDS } from "./life-cycle-words.ts";
export { STEPS_MAX, next, recover } from "./next.ts";
export { PROGRESS_STEP_PERCENT } from "./next-before-install.ts";
export { rebootNeed } from "./reboot-need.ts";
export { outcomeOf } from "./report-of.ts";
export {
  SavedState,
  readSavedState,
  saveableState,
  type SavedStateReading,
} from "./saved-state.ts";
export { UpdateEnd, endOf, endedBy } from "./update-end.ts";
export type { UpdateEvent, UpdateFacts } from "./update-event.ts";
export {
  DETAIL_CHARACTERS_MAX,
  Failure,
  Job,
  OpenedArtifact,
  PAYLOADS_MAX,
  ProvingStage,
  RebootNeed,
  STATE_VERSION,
  Update,
  UpdateState,
  Verdict,
  Vouched,
  initialState,
  updateId,
  type AssignmentUpdate,
  type StateOf,
} from "./update-state.ts";
export { isToldAlike } from "./told-again.ts";
