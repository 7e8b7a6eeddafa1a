import { isoText, present, type InstantMs } from "@moult/base";
import type { AssignmentState, DeploymentId, WaitReason } from "@moult/model";
import { admit } from "./admit.ts";
import { pendingApproval } from "./approvals.ts";
import { isBeforeInstall, isUnderWay } from "./assignment-transitions.ts";
import { isProvisional, isRetryForbidden, mayTryAgain, nextTryAt } from "./attempts.ts";
import {
  chooseArtifact,
  isRefusedBySigners,
  isTakenByClient,
  waitsForSigners,
  type ArtifactChoice,
} from "./choose-artifact.ts";
import { NO_LIMITS, roomFor, type LimitClaim } from "./limits.ts";
import type {
  ArtifactFacts,
  AssignmentFacts,
  DecideFacts,
  DeploymentFacts,
  OpenAssignmentFacts,
} from "./facts.ts";
import { conditionReason } from "./conditions.ts";
import { heldReason, holdAt } from "./device-hold.ts";
import { isHeldBack } from "./hold-back.ts";
import { supersededByAnswer, supersededByReached } from "./precedence.ts";
import { repetition } from "./repetition.ts";
import { silenceEndsAt } from "./silence.ts";
import { termsToHeed, unheededTerms } from "./unheeded-terms.ts";
import { brokenRule, stepsBefore } from "./version-rules.ts";
import { windowWait } from "./windows.ts";

/**
 * What an answer takes from its deployment. The shell claims all of it in one statement, in the transaction that stores
 * the answer; when the claim fails the facts were old, and it decides again.
 */
export interface Claim extends LimitClaim {
  readonly deploymentId: DeploymentId;
  /** Holds while fewer than this many places are taken; null when the device has its place, or the last stage is open. */
  readonly placesMax: number | null;
  /** Holds while so many stages, from the first on, lack no approval; null where approvals decide nothing. */
  readonly approvedMin: number | null;
}

/** Why an offer is taken back before the device began to install. */
export type WithdrawCause =
  | "deployment-aborted"
  | "deployment-tripped"
  | "identity-conflict"
  | "device-held"
  | "installation-undecided"
  | "hardware-changed"
  | "client-changed"
  | "artifact-missing"
  | "release-not-signed"
  | "terms-changed"
  | "rules-changed"
  | "safeguard";

export type Decision =
  /** The update it is in: the same offer again. */
  | {
      readonly kind: "keep";
      readonly assignment: OpenAssignmentFacts;
      readonly artifact: ArtifactFacts;
    }
  | {
      readonly kind: "offer";
      readonly deployment: DeploymentFacts;
      readonly artifact: ArtifactFacts;
      /** Counts the device's tries from 1. */
      readonly attempt: number;
      readonly claim: Claim;
    }
  /** It runs the release without having been offered it, or says so before its report arrived. */
  | {
      readonly kind: "close-as-already-running";
      readonly deployment: DeploymentFacts;
      readonly claim: Claim;
    }
  | { readonly kind: "close-as-running"; readonly assignment: OpenAssignmentFacts }
  /** `retry-pending` when the deployment may go on later, else `closed`. */
  | {
      readonly kind: "withdraw";
      readonly assignment: OpenAssignmentFacts;
      readonly cause: WithdrawCause;
      readonly into: "retry-pending" | "closed";
    }
  | {
      readonly kind: "wait";
      /** Never empty; the first is the one that decides. */
      readonly reasons: readonly WaitReason[];
      /**
       * The answer hangs on a place that another device may give back at any moment: ask again at each check-in. It is
       * no news to the rest of the fleet, so it raises no epoch.
       */
      readonly isContended: boolean;
      /** When the answer changes by time alone; null when something else must happen first. */
      readonly until: InstantMs | null;
    };

type Wait = Extract<Decision, { kind: "wait" }>;

const wait = (
  reasons: readonly WaitReason[],
  { isContended = false, until = null }: Partial<Pick<Wait, "isContended" | "until">> = {},
): Wait => ({ kind: "wait", reasons, isContended, until });

/**
 * The answer to one device, from facts whose size does not grow with the fleet.
 *
 * 1. An update that is under way goes on: the same offer again, until it is closed. It is taken back only before the
 *    device began to install, when its deployment was aborted or tripped (unless its plan says otherwise) or a person
 *    holds the device; a pause lets it go on.
 * 2. Otherwise the first running deployment that targets the device and has an artifact for it decides alone: the one of
 *    the highest priority, and of those the newest. The others are superseded, also by one before them that already
 *    brought the device to its release. Deployments that are paused, tripped, finished or aborted hold nobody back.
 * 3. A deployment offers to devices whose stage is open, under its plan's limits. A device that has its
 *    place keeps it, whatever becomes of the target. One that a person sent ahead goes next, but never against what
 *    signers allow, nor before people approved its stage. A deployment whose first stage is not approved holds nobody
 *    back, or one person could stop with it what others have approved.
 */
export function decide(facts: DecideFacts): Decision {
  const { device, openAssignment, now } = facts;
  if (device.state !== "accepted")
    return wait([{ kind: "device-not-accepted", state: device.state }]);
  if (openAssignment !== null && isUnderWay(openAssignment.state))
    return goOn(openAssignment, facts);
  if (device.hasIdentityConflict) return wait([{ kind: "identity-conflict" }]);
  const hold = holdAt(device, now);
  if (hold !== null) return wait([heldReason(hold)], { until: hold.until });
  if (device.undecided !== null)
    return wait([{ kind: "installation-undecided", artifactName: device.undecided }]);
  return fromCandidates(facts);
}

function goOn(assignment: OpenAssignmentFacts, { device, now }: DecideFacts): Decision {
  const { artifact, state } = assignment;
  if (device.isIdle === true && device.running?.artifactName === assignment.version)
    return { kind: "close-as-running", assignment };

  // A client that cannot abort has nothing to take back once it fetches; before that, not repeating the offer is enough.
  const canAbort = device.traits?.canAbort !== false;
  const canWithdraw = isBeforeInstall(state) && (state === "offered" || canAbort);
  if (canWithdraw) {
    if (assignment.deploymentState === "aborted")
      return { kind: "withdraw", assignment, cause: "deployment-aborted", into: "closed" };
    if (assignment.deploymentState === "tripped" && assignment.onTrip !== "pause")
      return { kind: "withdraw", assignment, cause: "deployment-tripped", into: "retry-pending" };
    if (device.hasIdentityConflict)
      return { kind: "withdraw", assignment, cause: "identity-conflict", into: "retry-pending" };
    if (holdAt(device, now) !== null)
      return { kind: "withdraw", assignment, cause: "device-held", into: "retry-pending" };
    // A person was faster; an update that the device has begun is one that no person can install beside.
    if (device.undecided !== null && state === "offered") {
      const cause = "installation-undecided";
      return { kind: "withdraw", assignment, cause, into: "retry-pending" };
    }
    // Its key says that it is other hardware than the one that the offer was for.
    if (artifact !== null && !artifact.hardwareTypes.includes(device.hardwareType))
      return { kind: "withdraw", assignment, cause: "hardware-changed", into: "retry-pending" };
    // The device would refuse it by now; signed anew, it gets its next try.
    if (artifact !== null && isRefusedBySigners(assignment.deploymentId, artifact, device, now)) {
      const cause = isPublished(artifact) ? "terms-changed" : "release-not-signed";
      return { kind: "withdraw", assignment, cause, into: "retry-pending" };
    }
    if (assignment.safeguard !== null)
      return { kind: "withdraw", assignment, cause: "safeguard", into: "retry-pending" };
    if (breaksRule(assignment, device))
      return { kind: "withdraw", assignment, cause: "rules-changed", into: "retry-pending" };
    if (isForAnotherClient(assignment, device))
      return { kind: "withdraw", assignment, cause: "client-changed", into: "retry-pending" };
  }
  // Where it is too late for the device it goes on, and what it says in the end replaces this.
  if (isInstalling(state) && canAbort && isCancelled(assignment))
    return { kind: "withdraw", assignment, cause: "deployment-tripped", into: "retry-pending" };
  if (artifact === null)
    return { kind: "withdraw", assignment, cause: "artifact-missing", into: "closed" };
  return { kind: "keep", assignment, artifact };
}

const breaksRule = (
  { deploymentId, version, rules }: OpenAssignmentFacts,
  { running }: DecideFacts["device"],
): boolean =>
  rules !== null &&
  brokenRule(deploymentId, version, rules, running?.artifactName ?? null) !== undefined;

/** Shown this update, the client that the device has by now would do what the plan forbids, or could do nothing with it. */
const isForAnotherClient = (
  { deploymentId, artifact, termsToHeed = [] }: OpenAssignmentFacts,
  { traits }: DecideFacts["device"],
): boolean =>
  unheededTerms(termsToHeed, traits).length > 0 ||
  (artifact !== null && !isTakenByClient(deploymentId, artifact, traits));

const isCancelled = ({ deploymentState, onTrip }: OpenAssignmentFacts): boolean =>
  deploymentState === "tripped" && onTrip === "cancel-all";

const isInstalling = (state: AssignmentState): boolean =>
  state === "installing" || state === "activating";

const isPublished = ({ trust }: ArtifactFacts): boolean => trust.state === "published";

function fromCandidates(facts: DecideFacts): Decision {
  // Why the deployments before the one that decides did not; each is true, none of them decides.
  const passed: WaitReason[] = [];
  for (const [index, deployment] of facts.candidates.entries()) {
    const answer = fromDeployment(deployment, facts);
    if (answer.kind === "pass") {
      passed.push(answer.reason);
      continue;
    }
    if (answer.kind !== "wait") return answer;
    const [reason] = answer.reasons;
    if (reason?.kind === "already-running" && isStep(deployment, facts, index)) {
      passed.push(reason);
      continue;
    }
    return {
      ...answer,
      reasons: [
        ...answer.reasons,
        ...passed,
        ...supersededByAnswer(concerned(facts, index + 1), deployment),
      ],
    };
  }
  return wait(passed.length === 0 ? [{ kind: "no-deployment" }] : ownFirst(passed));
}

/** Deployments that are for others come last: only whoever asks why is told of them. */
const ownFirst = (reasons: readonly WaitReason[]): readonly WaitReason[] => [
  ...reasons.filter(({ kind }) => kind !== "not-in-target"),
  ...reasons.filter(({ kind }) => kind === "not-in-target"),
];

/** What the device runs is on the way to what a later candidate brings: that one goes on from here. */
const isStep = ({ version }: DeploymentFacts, facts: DecideFacts, from: number): boolean =>
  concerned(facts, from).some((one) => stepsBefore(one).includes(version));

/** Running deployments from this one on that the device is for. */
const concerned = ({ candidates, device }: DecideFacts, from: number): readonly DeploymentFacts[] =>
  candidates
    .slice(from)
    .filter((one) => one.isTarget && one.state === "running" && !isHeldBack(one, device.draw));

/** `pass`: this deployment is none of the device's, so the next one may decide. */
function fromDeployment(
  deployment: DeploymentFacts,
  { device, reached, now }: DecideFacts,
): Decision | { readonly kind: "pass"; readonly reason: WaitReason } {
  const { id: deploymentId, assignment, plan, state, version } = deployment;
  const pass = (reason: WaitReason) => ({ kind: "pass", reason }) as const;

  // Who was admitted stays admitted, also after it left the group.
  if (!deployment.isTarget && assignment === null)
    return pass({
      kind: "not-in-target",
      deploymentId,
      because: deployment.outside ?? "not-a-member",
    });
  if (isHeldBack(deployment, device.draw)) {
    const percent = present(deployment.holdBackPercent, "who is held back is in a share");
    return pass({ kind: "held-back-share", deploymentId, percent });
  }
  const isRunning = device.running?.artifactName === version;
  const isDone = assignment !== null && !mayTryAgain(assignment, plan);
  if (state !== "running")
    return pass(
      isDone
        ? closedReason(deployment, assignment, isRunning)
        : { kind: "deployment-not-running", deploymentId, state },
    );
  const superseded = supersededByReached(deployment, reached);
  if (superseded !== undefined) return pass(superseded);

  if (assignment !== null && isRunning && isUndecided(assignment))
    return closeAsRunning(deployment, {
      ...NO_LIMITS,
      deploymentId,
      placesMax: null,
      approvedMin: null,
    });
  if (isDone) return wait([closedReason(deployment, assignment, isRunning)]);
  const choice = chooseArtifact(deploymentId, deployment.artifacts, device, now);
  // What runs already needs no artifact that fits: a partial update's depends are no longer met after it.
  const concernsDevice = isRunning && deployment.artifacts.length > 0;
  if (choice.kind === "none" && !concernsDevice && !waitsForSigners(choice.reason))
    return pass(choice.reason);
  const passed = passedBecause(deployment, device, choice);
  if (passed !== undefined) return pass(passed);
  if (choice.kind === "none" && !concernsDevice)
    return wait([choice.reason], { until: choice.until });

  const admission = admit(deployment, device.draw, now);
  if (isRunning) {
    if (!admission.isOpen) return wait([{ kind: "already-running", deploymentId }]);
    const { placesMax, approvedMin } = admission;
    return closeAsRunning(deployment, { ...NO_LIMITS, deploymentId, placesMax, approvedMin });
  }
  if (!admission.isOpen) return wait([admission.reason], admission);
  if (choice.kind === "none") return pass(choice.reason);
  const held = deployment.isForced ? null : unlessForced(deployment, choice.artifact, device, now);
  if (held !== null) return held;
  const room = roomFor(deployment, choice.artifact.sizeBytes, now);
  if (room.kind === "full") return wait([room.reason], room);
  return {
    kind: "offer",
    deployment,
    artifact: choice.artifact,
    attempt: (assignment?.attempt ?? 0) + 1,
    claim: {
      ...room.claim,
      deploymentId,
      placesMax: admission.placesMax,
      approvedMin: admission.approvedMin,
    },
  };
}

/** What keeps the deployment from deciding for a device that it has a fitting artifact for. */
function passedBecause(
  deployment: DeploymentFacts,
  { running, traits }: DecideFacts["device"],
  choice: ArtifactChoice,
): WaitReason | undefined {
  const { id: deploymentId, version, plan, rules, safeguard, approvals } = deployment;
  const runs = running?.artifactName ?? null;
  const isRunning = runs === version;
  const rule = isRunning ? undefined : brokenRule(deploymentId, version, rules, runs);
  // Another deployment may bring what has to be run first.
  if (rule !== undefined) return rule;
  if (safeguard !== null && !isRunning) {
    const { id: safeguardId, note } = safeguard;
    return { kind: "safeguard", deploymentId, safeguardId, note };
  }
  const terms = unheededTerms(termsToHeed(deployment), traits);
  if (terms.length > 0 && !isRunning)
    return { kind: "terms-unheeded", deploymentId, terms: [...terms] };
  const pending = pendingApproval(plan, approvals);
  if (pending?.stage !== 0) return undefined;
  if (isRunning) return { kind: "already-running", deploymentId };
  return choice.kind === "none"
    ? choice.reason
    : { kind: "approval-pending", deploymentId, ...pending };
}

/** What keeps a device with a place waiting, but not one that a person sent ahead. */
function unlessForced(
  deployment: DeploymentFacts,
  artifact: ArtifactFacts,
  { running, context }: DecideFacts["device"],
  now: InstantMs,
): Wait | null {
  const again = repetition(deployment, artifact.id, running?.artifactName ?? null, now);
  if (again !== null) return wait([again.reason], again);
  const backoff = backoffWait(deployment, now);
  if (backoff !== null) return backoff;
  const shut = windowWait(deployment.window, deployment.id);
  if (shut !== null) return wait([shut.reason], shut);
  // Nothing but the device's own word ends it, and that makes it be decided anew.
  const unmet = conditionReason(deployment.id, deployment.plan, context);
  return unmet === null ? null : wait([unmet]);
}

/** Set while the plan makes the device wait between its tries. */
function backoffWait(
  { id: deploymentId, assignment, plan }: DeploymentFacts,
  now: InstantMs,
): Wait | null {
  const until = assignment === null ? null : nextTryAt(assignment.attempts, plan);
  if (assignment === null || until === null || until <= now) return null;
  const attempts = assignment.attempts.length;
  return wait([{ kind: "retry-backoff", deploymentId, attempts, until: isoText(until) }], {
    until,
  });
}

const closeAsRunning = (deployment: DeploymentFacts, claim: Claim): Decision => ({
  kind: "close-as-already-running",
  deployment,
  claim,
});

/** Not closed by a verdict of the device: it waits for a try, or nobody heard how it ended. */
const isUndecided = ({ state, outcome }: AssignmentFacts): boolean =>
  state === "retry-pending" || (outcome !== null && isProvisional(outcome));

function closedReason(
  { id: deploymentId, plan }: DeploymentFacts,
  { attempts, outcome, isCancelled }: AssignmentFacts,
  isRunning: boolean,
): WaitReason {
  if (isRunning) return { kind: "already-running", deploymentId };
  if (isCancelled) return { kind: "cancelled", deploymentId };
  const ended = attempts.at(-1);
  if (ended !== undefined && ended.outcome === outcome && isRetryForbidden(ended, plan))
    return { kind: "retry-forbidden", deploymentId, outcome, code: ended.code };
  const last = outcome ?? ended?.outcome ?? "failed";
  return { kind: "attempts-used", deploymentId, attempts: attempts.length, outcome: last };
}

/** When an update ends by itself: nobody hears of it, or what the device is at takes longer than its plan allows. */
export const expiresAt = ({
  updatedAt,
  lastSeenAt,
  patience,
  phaseEndsAt,
}: Pick<
  OpenAssignmentFacts,
  "updatedAt" | "lastSeenAt" | "patience" | "phaseEndsAt"
>): InstantMs => {
  const silentAt = silenceEndsAt(patience, { updatedAt, lastSeenAt });
  return phaseEndsAt !== null && phaseEndsAt < silentAt ? phaseEndsAt : silentAt;
};
