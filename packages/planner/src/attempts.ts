import { DAY_MS, later, SECOND_MS, type InstantMs } from "@moult/base";
import type { AssignmentState, DeploymentState, Outcome, Plan } from "@moult/model";
import { assignmentStep, isBeforeInstall } from "./assignment-transitions.ts";
import { isActive } from "./deployment-transitions.ts";
import type { AssignmentFacts, AttemptFacts } from "./facts.ts";

/** The code of what an operator took back; nothing but a person's word tries it again. */
export const CANCELLED = "cancelled";

/**
 * Codes of tries that are not charged, because the release had no fair chance: the device never began (it reported
 * nothing past the offer), it put the update off for as long as it may, the server took the offer back, or the new software
 * was given up only because the server could not be reached, by the old software either. A try counts as begun with its first report, so a download that failed is charged.
 */
const UNCHARGED_CODES: ReadonlySet<string> = new Set([
  "never-began",
  "queued-timeout",
  "held-too-long",
  "withdrawn",
  CANCELLED,
  "server-unreachable",
]);

/**
 * Tries beyond the charged ones after which an assignment is given up all the same. A device that takes every offer and
 * never begins, or whose server is always out of reach, must not hold a deployment open for ever.
 */
const UNCHARGED_ATTEMPTS_MAX = 20;

/** The longest a plan's doubling makes a device wait for its next try. */
const BACKOFF_MS_MAX = DAY_MS;

type TriedPlan = Pick<Plan, "retry">;

/** Whether a try is one of the plan's `attemptsMax`. */
const isCharged = ({ code }: Pick<AttemptFacts, "code">): boolean =>
  code === null || !UNCHARGED_CODES.has(code);

/** Whether the device has a try left after these. */
function hasTryLeft(attempts: readonly EndedTry[], { retry }: TriedPlan): boolean {
  return (
    attempts.filter(isCharged).length < retry.attemptsMax &&
    attempts.length < retry.attemptsMax + UNCHARGED_ATTEMPTS_MAX
  );
}

/** How a try ended; when, matters only to the next one. */
type EndedTry = Pick<AttemptFacts, "outcome" | "code">;

/** Outcomes after which no further try can help: it runs, or its artifact is not for this device. */
const isFinal = (outcome: Outcome): boolean =>
  outcome === "succeeded" || outcome === "already-running" || outcome === "rejected";

/**
 * Whether the plan allows no other try after one that failed so. Only what a device said is judged: that nothing was
 * heard of it is the server's guess, and an uncharged try says nothing about the release.
 */
export function isRetryForbidden(attempt: EndedTry, { retry }: TriedPlan): boolean {
  const { code, outcome } = attempt;
  if (!isCharged(attempt) || isProvisional(outcome) || outcome === "aborted") return false;
  if (code !== null && retry.neverOn?.includes(code) === true) return true;
  return retry.retryOn !== undefined && (code === null || !retry.retryOn.includes(code));
}

/**
 * What follows a try that the device ended: another one, or the end of its assignment. `attempts` includes it. A
 * deployment that is over gives no further try; one that is paused or tripped may go on later.
 */
export function afterAttempt(
  ended: EndedTry,
  attempts: readonly EndedTry[],
  plan: TriedPlan,
  deploymentState: DeploymentState,
): "retry" | "close" {
  if (isFinal(ended.outcome) || isRetryForbidden(ended, plan)) return "close";
  if (deploymentState === "aborted" || deploymentState === "finished") return "close";
  return hasTryLeft(attempts, plan) ? "retry" : "close";
}

/**
 * Whether an assignment that is not under way can be offered again: one that waits for its next try, or one that was
 * closed without a verdict on the release (nothing was heard of it, or it was taken back) and has tries left. Whoever
 * comes back after a silence finds its update still there.
 */
export function mayTryAgain(
  { state, outcome, isCancelled, attempts }: AssignmentFacts,
  plan: TriedPlan,
): boolean {
  if (state === "retry-pending") return hasTryLeft(attempts, plan);
  if (state !== "closed" || outcome === null || isCancelled) return false;
  const last = attempts.at(-1);
  if (last !== undefined && isRetryForbidden(last, plan)) return false;
  return !isFinal(outcome) && hasTryLeft(attempts, plan);
}

/**
 * Whether a person may give an assignment its tries anew: it has ended or waits for its next one, does not run the
 * release, and its deployment is not over.
 */
export const mayRetry = (
  { state, outcome }: Pick<AssignmentFacts, "state" | "outcome">,
  deploymentState: DeploymentState,
): boolean =>
  isActive(deploymentState) &&
  assignmentStep(state, "again") === "retry-pending" &&
  outcome !== "succeeded" &&
  outcome !== "already-running";

/**
 * Whether a person may take an assignment back: it waits for its next try, or has not begun to install and the device
 * can give it up.
 */
export const mayCancel = (state: AssignmentState, canAbort: boolean): boolean =>
  state === "retry-pending" || (isBeforeInstall(state) && (state === "offered" || canAbort));

/** The instant before which the device's next try does not begin; null when it may begin at once. */
export function nextTryAt(attempts: readonly AttemptFacts[], plan: TriedPlan): InstantMs | null {
  const charged = attempts.filter(isCharged);
  const last = charged.at(-1);
  if (last === undefined) return null;
  const delayMs = backoffMs(plan, charged.length);
  return delayMs === 0 ? null : later(last.endedAt, delayMs);
}

/** The longest that a device of the plan may wait between two tries. */
export const backoffMsMax = (plan: TriedPlan): number => backoffMs(plan, plan.retry.attemptsMax);

function backoffMs({ retry: { backoffSeconds } }: TriedPlan, tries: number): number {
  return Math.min(backoffSeconds * SECOND_MS * 2 ** Math.max(0, tries - 1), BACKOFF_MS_MAX);
}

/** Whether an outcome is only the server's guess, which a late report of the device corrects. */
export const isProvisional = (outcome: Outcome): boolean =>
  outcome === "silent" || outcome === "timed-out";
