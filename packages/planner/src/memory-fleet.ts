import { assert, later, present, unreachable, type InstantMs } from "@moult/base";
import type {
  AssignmentId,
  DeploymentState,
  Outcome,
  Plan,
  ReportedContext,
  Tally,
} from "@moult/model";
import { advance } from "./advance.ts";
import { approvedStages } from "./approvals.ts";
import { afterAttempt, CANCELLED, isProvisional, mayCancel, mayRetry } from "./attempts.ts";
import { assignmentStep, isBeforeInstall, isUnderWay } from "./assignment-transitions.ts";
import { countedAs } from "./counted-as.ts";
import { decide, type Claim, type Decision } from "./decide.ts";
import { deploymentStep, type DeploymentMove } from "./deployment-transitions.ts";
import type {
  AssignmentFacts,
  Census,
  DecideFacts,
  DeploymentFacts,
  DeviceFacts,
  DeviceHoldFacts,
  OpenAssignmentFacts,
  SafeguardFacts,
  Standing,
} from "./facts.ts";
import { heldBackFrom } from "./hold-back.ts";
import { NO_FLOW, type SiteFacts } from "./limits.ts";
import { mayClaim, moveSite, noteOffer, noteOpening, type Ledger } from "./memory-claims.ts";
import { placeOf } from "./place.ts";
import { missingApproval, NO_ENDS, type Ends } from "./stage-gate.ts";
import { lastStage, namedStageCount } from "./stage-share.ts";
import { UTC_ZONES, offerWindow } from "./windows.ts";

// One deployment and its devices, moved by the same rules as the server's tables: claims, counters, transitions. For
// whoever tries the planner without a database: its own tests, and the simulator's fleets.

export interface FleetDevice {
  readonly draw: number;
  readonly assignmentId: AssignmentId;
  isMember: boolean;
  isAccepted: boolean;
  runs: string;
  /** What it says it is doing at its check-in. */
  isIdle: boolean;
  assignment: Writable<AssignmentFacts> | null;
  isForced: boolean;
  /** Its deployment's target leaves it out, although it is a member. */
  isExcluded: boolean;
  /** The value of the plan's site attribute; empty: none. */
  site: string;
  /** Where it was counted when it got its offer. */
  offeredAt: string;
  /** The first stage whose group or query has it. */
  namedStage: number | null;
  /** The stage that was open when it was first offered the release. */
  admittedIn: number | null;
  hold: DeviceHoldFacts | null;
  /** What it last said of its circumstances. */
  context: ReportedContext | null;
  /** Of the deployment's release, and for this device. */
  safeguard: SafeguardFacts | null;
}

/** What a deployment is of, and for whom. */
export interface FleetTerms {
  readonly plan: Plan;
  readonly salt: number;
  readonly deployment: Pick<DeploymentFacts, "id" | "number" | "version" | "artifacts" | "rules">;
  readonly device: Pick<DeviceFacts, "hardwareType" | "traits">;
  /** How long a try may be silent. */
  readonly timeoutMs: number;
  readonly holdBackPercent?: number;
}

export interface Fleet extends FleetTerms, Ledger {
  readonly devices: FleetDevice[];
  state: DeploymentState;
  stage: number;
  stageOpenedAt: InstantMs;
  now: InstantMs;
  waived: Ends;
  approvals: number[];
  counts: Writable<Omit<Tally, "eligible">>;
  /** Offers beyond every limit, because a person sent the device ahead. */
  forcedOffers: number;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

export const createFleet = (
  terms: FleetTerms,
  devices: readonly FleetDevice[],
  now: InstantMs,
): Fleet => ({
  ...terms,
  devices: [...devices],
  state: "running",
  stage: 0,
  stageOpenedAt: now,
  now,
  waived: NO_ENDS,
  approvals: [],
  counts: { ...NO_ENDS, admitted: 0, open: 0, alreadyRunning: 0, aborted: 0 },
  flow: NO_FLOW,
  sites: {},
  forcedOffers: 0,
});

export const createFleetDevice = (
  draw: number,
  assignmentId: AssignmentId,
  runs: string,
): FleetDevice => ({
  draw,
  assignmentId,
  isMember: true,
  isAccepted: true,
  runs,
  isIdle: true,
  assignment: null,
  isForced: false,
  isExcluded: false,
  site: "",
  offeredAt: "",
  namedStage: null,
  admittedIn: null,
  hold: null,
  context: null,
  safeguard: null,
});

const isTarget = ({ isMember, isExcluded }: FleetDevice): boolean => isMember && !isExcluded;

const isEligible = ({ holdBackPercent, salt }: Fleet, device: FleetDevice): boolean =>
  isTarget(device) && placeOf(device.draw, salt) < heldBackFrom(holdBackPercent ?? null);

/** The stage by group or query that the device is of; behind the last of them where it is of none. */
function ownStage({ plan }: Fleet, { assignment, admittedIn, namedStage }: FleetDevice): number {
  const behind = namedStageCount(plan);
  const hasPlace = assignment !== null && assignment.outcome !== "aborted";
  return hasPlace && admittedIn !== null && admittedIn < behind
    ? admittedIn
    : Math.min(namedStage ?? behind, behind);
}

export function censusOf(fleet: Fleet): Census {
  const eligible = fleet.devices.filter((device) => isEligible(fleet, device));
  const named = Array.from(
    { length: namedStageCount(fleet.plan) },
    (_, stage) => eligible.filter((device) => ownStage(fleet, device) === stage).length,
  );
  return {
    kind: "exact",
    eligible: eligible.length,
    ...(named.length === 0 ? {} : { named }),
  };
}

function standingOf(fleet: Fleet, device: FleetDevice): Standing {
  const place = placeOf(device.draw, fleet.salt);
  const own = ownStage(fleet, device);
  const isBefore = (other: FleetDevice): boolean => {
    const stage = ownStage(fleet, other);
    return stage < own || (stage === own && placeOf(other.draw, fleet.salt) < place);
  };
  const rank = fleet.devices.filter((other) => isEligible(fleet, other) && isBefore(other)).length;
  const stages = namedStageCount(fleet.plan);
  const { namedStage } = device;
  return {
    census: censusOf(fleet),
    rank,
    ...(stages === 0
      ? {}
      : { namedStage: namedStage === null || namedStage >= stages ? null : namedStage }),
  };
}

export function factsOf(fleet: Fleet, device: FleetDevice): DecideFacts {
  const { assignment } = device;
  const { state, plan, stage, stageOpenedAt, salt, waived, approvals, now, flow } = fleet;
  return {
    now,
    device: {
      ...fleet.device,
      state: device.isAccepted ? "accepted" : "decommissioned",
      hasIdentityConflict: false,
      hold: device.hold,
      undecided: null,
      context: device.context,
      draw: device.draw,
      running: { artifactName: device.runs, provides: {} },
      isIdle: device.isIdle,
    },
    openAssignment:
      assignment !== null && isUnderWay(assignment.state)
        ? openFacts(fleet, device, assignment)
        : null,
    candidates: [
      {
        ...fleet.deployment,
        state,
        plan,
        stage,
        stageOpenedAt,
        waived,
        approvals,
        salt,
        tally: { ...fleet.counts },
        flow: { ...flow, site: siteFacts(fleet, device) },
        isTarget: isTarget(device),
        ...(device.isExcluded ? { outside: "excluded" as const } : {}),
        ...(fleet.holdBackPercent === undefined ? {} : { holdBackPercent: fleet.holdBackPercent }),
        isForced: device.isForced,
        safeguard: device.safeguard,
        window: offerWindow(plan, {}, UTC_ZONES, now),
        past: [],
        assignment: assignment === null ? null : { ...assignment },
        standing: standingOf(fleet, device),
      },
    ],
    reached: [],
  };
}

function siteFacts({ plan, sites }: Fleet, { site }: FleetDevice): SiteFacts | null {
  return plan.limits.perSite === undefined ? null : { site, open: sites[site] ?? 0 };
}

function openFacts(
  fleet: Fleet,
  { safeguard }: FleetDevice,
  { id, state, attempt }: AssignmentFacts,
): OpenAssignmentFacts {
  const { deployment, plan, now, timeoutMs } = fleet;
  return {
    id,
    deploymentId: deployment.id,
    deploymentState: fleet.state,
    onTrip: plan.onTrip,
    version: deployment.version,
    state,
    attempt,
    artifact: deployment.artifacts[0] ?? null,
    rules: isBeforeInstall(state) ? deployment.rules : null,
    safeguard: isBeforeInstall(state) ? safeguard : null,
    updatedAt: now,
    lastSeenAt: null,
    patience: { kind: "by-plan", silenceMs: timeoutMs },
    phaseEndsAt: null,
    deferral: null,
    window: { kind: "always" },
    isUntold: false,
  };
}

/** Moves a device's assignment, and the counters with it. */
function moveTo(
  fleet: Fleet,
  device: FleetDevice,
  change: Pick<AssignmentFacts, "state" | "outcome"> & Partial<AssignmentFacts>,
): void {
  const before = device.assignment === null ? null : countedAs(device.assignment);
  const after = countedAs(change);
  if (before !== null) fleet.counts[before] -= 1;
  if (after !== null) fleet.counts[after] += 1;
  if (before === "open" && after !== "open") moveSite(fleet, device.offeredAt, -1);
  if (before !== "open" && after === "open") {
    device.offeredAt = device.site;
    moveSite(fleet, device.site, 1);
  }
  const own = device.assignment ?? {
    id: device.assignmentId,
    attempt: 0,
    attempts: [],
    isCancelled: false,
  };
  device.assignment = { ...own, ...change };
}

const claim = (fleet: Fleet, wanted: Claim): boolean =>
  mayClaim(fleet, wanted) &&
  (wanted.approvedMin === null ||
    approvedStages(fleet.plan, fleet.approvals) >= wanted.approvedMin);

/** One check-in; answers what was decided. */
export function checkIn(fleet: Fleet, device: FleetDevice): Decision {
  const decision = decide(factsOf(fleet, device));
  switch (decision.kind) {
    case "offer":
      assert(claim(fleet, decision.claim), "facts of this instant can be claimed");
      noteOffer(fleet, decision.claim, fleet.now);
      if (device.assignment === null) fleet.counts.admitted += 1;
      // As the server's rows have it: the place is of the stage that is open, also where the device had one and gave it back.
      device.admittedIn = fleet.stage;
      if (device.isForced) fleet.forcedOffers += 1;
      device.isForced = false;
      moveTo(fleet, device, { state: "offered", outcome: null, attempt: decision.attempt });
      break;
    case "close-as-already-running":
      assert(claim(fleet, decision.claim), "facts of this instant can be claimed");
      device.admittedIn ??= fleet.stage;
      moveTo(fleet, device, {
        state: "closed",
        outcome: device.assignment === null ? "already-running" : "succeeded",
      });
      break;
    case "close-as-running":
      end(fleet, device, "succeeded", null);
      break;
    case "withdraw":
      endTry(fleet, device, "aborted", "withdrawn");
      moveTo(fleet, device, {
        state: decision.into,
        outcome: decision.into === "closed" ? "aborted" : null,
      });
      break;
    case "keep":
    case "wait":
      return decision;
    default:
      return unreachable(decision);
  }
  settle(fleet);
  return decision;
}

function endTry(
  { now: endedAt }: Fleet,
  device: FleetDevice,
  outcome: Outcome,
  code: string | null,
): void {
  const own = present(device.assignment, "only an assignment has tries");
  own.attempts = [...own.attempts, { outcome, code, endedAt }];
}

/** The device ends its try, or the server does, of a silent one. */
export function end(
  fleet: Fleet,
  device: FleetDevice,
  outcome: Outcome,
  code: string | null,
): void {
  const own = device.assignment;
  if (own === null || !isUnderWay(own.state)) return;
  const charged = outcome === "silent" && own.state === "offered" ? "never-began" : code;
  endTry(fleet, device, outcome, charged);
  const follows =
    outcome === "silent"
      ? "close"
      : afterAttempt({ outcome, code: charged }, own.attempts, fleet.plan, fleet.state);
  moveTo(
    fleet,
    device,
    follows === "retry" ? { state: "retry-pending", outcome: null } : { state: "closed", outcome },
  );
  if (outcome === "succeeded") device.runs = fleet.deployment.version;
  settle(fleet);
}

/**
 * What a device says of a try that the server ended: its word counts where the server had only guessed, or had taken the
 * offer back while the device went on. False where the end stands.
 */
export function correct(
  fleet: Fleet,
  device: FleetDevice,
  outcome: Outcome,
  code: string | null,
): boolean {
  const own = device.assignment;
  const last = own?.attempts.at(-1);
  if (own === null || last === undefined || isUnderWay(own.state)) return false;
  const isTakenBack = last.code === "withdrawn" || last.code === CANCELLED;
  if (!isTakenBack && !isProvisional(last.outcome)) return false;
  // The acknowledgement of what was taken back.
  if (outcome === "aborted") return true;

  own.attempts = [...own.attempts.slice(0, -1), { outcome, code, endedAt: fleet.now }];
  const follows = afterAttempt({ outcome, code }, own.attempts, fleet.plan, fleet.state);
  if (own.state === "closed" || follows === "close")
    moveTo(fleet, device, { state: "closed", outcome });
  settle(fleet);
  return true;
}

export function progress(
  device: FleetDevice,
  move: "downloading" | "installing" | "activating" | "proving" | "rolling-back",
): void {
  const own = device.assignment;
  if (own === null) return;
  const step = assignmentStep(own.state, move);
  if (step !== "ignored" && step !== "refused") own.state = step;
}

export function operate(fleet: Fleet, move: DeploymentMove): void {
  const state = deploymentStep(fleet.state, move);
  if (state === null) return;
  fleet.state = state;
  if (move === "resume") fleet.waived = { ...fleet.counts };
  settle(fleet);
}

/** Takes a device out of the fleet: whatever it has not ended is over, and its place is free. */
export function remove(fleet: Fleet, device: FleetDevice): void {
  device.isMember = false;
  device.isAccepted = false;
  const own = device.assignment;
  if (own === null || own.state === "closed") return;
  if (isUnderWay(own.state))
    endTry(fleet, device, "aborted", isBeforeInstall(own.state) ? "withdrawn" : "device-removed");
  moveTo(fleet, device, { state: "closed", outcome: "aborted" });
  settle(fleet);
}

/** A person takes a device's update back. */
export function cancel(fleet: Fleet, device: FleetDevice): void {
  const own = device.assignment;
  if (own === null || !mayCancel(own.state, true)) return;
  if (isUnderWay(own.state)) endTry(fleet, device, "aborted", CANCELLED);
  moveTo(fleet, device, { state: "closed", outcome: "aborted", isCancelled: true });
  settle(fleet);
}

/** A person gives a device its tries anew. */
export function retry(fleet: Fleet, device: FleetDevice): void {
  const own = device.assignment;
  if (own === null || !mayRetry(own, fleet.state)) return;
  moveTo(fleet, device, {
    state: "retry-pending",
    outcome: null,
    isCancelled: false,
    attempts: [],
  });
  settle(fleet);
}

/** Lets time pass, and what time alone does. */
export function wait(fleet: Fleet, ms: number): void {
  fleet.now = later(fleet.now, ms);
  settle(fleet);
}

/** A person opens the next stage. */
export function openNextStage(fleet: Fleet): void {
  if (fleet.state !== "running" || fleet.stage === lastStage(fleet.plan)) return;
  if (missingApproval(fleet) !== null) return;
  openStage(fleet, fleet.stage + 1);
  settle(fleet);
}

/** One more person approves a stage. */
export function approve(fleet: Fleet, stage: number): void {
  const given = fleet.approvals[stage] ?? 0;
  fleet.approvals = fleet.plan.stages.map((_, index) =>
    index === stage ? given + 1 : (fleet.approvals[index] ?? 0),
  );
  if (stage === 0 && given + 1 === fleet.plan.stages[0]?.approvals?.required)
    fleet.stageOpenedAt = fleet.now;
  settle(fleet);
}

/** A person takes an approval back, of a stage that is not open yet. */
export function withdrawApproval(fleet: Fleet, stage: number): void {
  if (stage < approvedStages(fleet.plan, fleet.approvals) && stage <= fleet.stage) return;
  const given = fleet.approvals[stage] ?? 0;
  if (given > 0) fleet.approvals[stage] = given - 1;
}

function openStage(fleet: Fleet, stage: number): void {
  fleet.stage = stage;
  fleet.stageOpenedAt = fleet.now;
  noteOpening(fleet);
}

function settle(fleet: Fleet): void {
  const { plan, state, stage, stageOpenedAt, waived, approvals, counts, devices, now } = fleet;
  const isAnyoneLeft = devices.some(
    (device) => isEligible(fleet, device) && device.assignment?.state !== "closed",
  );
  const events = advance(
    { plan, state, stage, stageOpenedAt, waived, approvals },
    { counts, census: censusOf(fleet), isAnyoneLeft },
    now,
  );
  for (const event of events) {
    if (event.kind === "stage-advanced") openStage(fleet, event.stage);
    else if (event.kind === "tripped") fleet.state = "tripped";
    else fleet.state = "finished";
  }
}
