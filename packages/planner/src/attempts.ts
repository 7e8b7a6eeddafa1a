import type { DeploymentState, Outcome, Plan } from "@moult/model";
import type { AssignmentFacts, AttemptFacts } from "./facts.ts";

/**
 * Codes of tries that are not charged, because the release had no fair chance: the device never began (it reported
 * nothing past the offer), the server took the offer back, or the new software was given up only because the server
 * could not be reached. A try counts as begun with its first report, so a download that failed is charged.
 */
const UNCHARGED_CODES: ReadonlySet<string> = new Set([
  "never-began",
  "withdrawn",
  "server-unreachable",
]);

/**
 * Tries beyond the charged ones after which an assignment is given up all the same. A device that takes every offer and
 * never begins, or whose server is always out of reach, must not hold a deployment open for ever.
 */
const UNCHARGED_ATTEMPTS_MAX = 20;

/** Whether a try is one of the plan's `attemptsMax`. */
const isCharged = ({ code }: AttemptFacts): boolean => code === null || !UNCHARGED_CODES.has(code);

/** Whether the device has a try left after these. */
function hasTryLeft(attempts: readonly AttemptFacts[], plan: Plan): boolean {
  return (
    attempts.filter(isCharged).length < plan.attemptsMax &&
    attempts.length < plan.attemptsMax + UNCHARGED_ATTEMPTS_MAX
  );
}

/** Outcomes after which no further try can help: it runs, or its artifact is not for this device. */
const isFinal = (outcome: Outcome): boolean =>
  outcome === "succeeded" || outcome === "already-running" || outcome === "rejected";

/**
 * What follows a try that the device ended: another one, or the end of its assignment. `attempts` includes it. A
 * deployment that is over gives no further try; one that is paused or tripped may go on later.
 */
export function afterAttempt(
  ended: AttemptFacts,
  attempts: readonly AttemptFacts[],
  plan: Plan,
  deploymentState: DeploymentState,
): "retry" | "close" {
  if (isFinal(ended.outcome)) return "close";
  if (deploymentState === "aborted" || deploymentState === "finished") return "close";
  return hasTryLeft(attempts, plan) ? "retry" : "close";
}

/**
 * Whether an assignment that is not under way can be offered again: one that waits for its next try, or one that was
 * closed without a verdict on the release (nothing was heard of it, or it was taken back) and has tries left. Whoever
 * comes back after a silence finds its update still there.
 */
export function mayTryAgain(assignment: AssignmentFacts, plan: Plan): boolean {
  if (assignment.state === "retry-pending") return hasTryLeft(assignment.attempts, plan);
  if (assignment.state !== "closed" || assignment.outcome === null) return false;
  return !isFinal(assignment.outcome) && hasTryLeft(assignment.attempts, plan);
}

/** Whether an outcome is only the server's guess, which a late report of the device corrects. */
export const isProvisional = (outcome: Outcome): boolean =>
  outcome === "silent" || outcome === "timed-out";
