import { unreachable, type InstantMs } from "@moult/base";
import type { AssignmentState, WaitReason } from "@moult/model";
import { decide, expiresAt, type WithdrawCause } from "./decide.ts";
import type { DecideFacts, OpenAssignmentFacts } from "./facts.ts";
import { sentenceOf } from "./reason-sentences.ts";
import { habitSentence } from "./silence.ts";

/** The answer to "why is this device not updating?", with instants as numbers. */
export interface DeviceExplanation {
  readonly summary: string;
  readonly reasons: readonly ExplainedReason[];
  readonly earliest: InstantMs | null;
}

interface ExplainedReason {
  readonly reason: WaitReason;
  readonly sentence: string;
}

const inWords = (reason: WaitReason): ExplainedReason => ({
  reason,
  sentence: sentenceOf(reason),
});

const DOING: Readonly<Record<AssignmentState, string>> = {
  offered: "it was offered and has not begun",
  downloading: "it is downloading",
  installing: "it is installing",
  activating: "it is activating what it installed",
  proving: "it runs the new release and proves it",
  "rolling-back": "it is rolling back",
  "retry-pending": "it waits for its next try",
  closed: "it has finished",
};

const TAKEN_BACK: Readonly<Record<WithdrawCause, string>> = {
  "deployment-aborted": "the deployment was aborted",
  "deployment-tripped": "the deployment stopped itself after too many failures",
  "identity-conflict": "two machines speak with this device's key",
  "device-held": "a person holds the device",
  "installation-undecided": "somebody at the device installed something else meanwhile",
  "hardware-changed": "the device is other hardware than the offer was for",
  "client-changed":
    "the device's client is another one by now, which would not keep to the plan or cannot take the artifact",
  "artifact-missing": "the artifact is gone",
  "release-not-signed": "offline keys no longer vouch for the release",
  "terms-changed": "what offline keys allow the release for no longer fits the device",
  safeguard: "a safeguard keeps the release from devices like this one",
  "rules-changed": "the release is no longer for devices that run what this one runs",
};

/** Says what `decide` would answer now, in words; the reasons are decide's own. */
export function explain(facts: DecideFacts): DeviceExplanation {
  const decision = decide(facts);
  switch (decision.kind) {
    case "keep":
      if (decision.assignment.isUntold)
        return inProgress(
          decision.assignment,
          `The device is told at its next check-in that it may install ${decision.assignment.version}.`,
        );
      if (decision.assignment.deferral !== null)
        return deferred(decision.assignment, decision.assignment.deferral);
      return inProgress(
        decision.assignment,
        [
          `The device is being updated to ${decision.assignment.version}: ${DOING[decision.assignment.state]}.`,
          ...habitSentence(decision.assignment.patience),
        ].join(" "),
      );
    case "withdraw":
      return inProgress(
        decision.assignment,
        `The update to ${decision.assignment.version} is taken back at the next check-in, because ${TAKEN_BACK[decision.cause]}.`,
      );
    case "close-as-running":
      return inProgress(
        decision.assignment,
        `The device runs ${decision.assignment.version}; its update is closed at the next check-in.`,
      );
    case "offer":
      return now(`The device is offered ${decision.deployment.version} at its next check-in.`);
    case "close-as-already-running":
      return {
        ...now(`The device already runs ${decision.deployment.version}.`),
        reasons: [inWords({ kind: "already-running", deploymentId: decision.deployment.id })],
      };
    case "wait": {
      const [first] = decision.reasons;
      return {
        summary: first === undefined ? "There is nothing to do." : sentenceOf(first),
        reasons: decision.reasons.map(inWords),
        earliest: decision.until,
      };
    }
    default:
      return unreachable(decision);
  }
}

const now = (summary: string): DeviceExplanation => ({ summary, reasons: [], earliest: null });

/** Only the device knows when its reasons end, and says so; when the next window opens is known beside it. */
function deferred(
  { id: assignmentId, deploymentId, version, window }: OpenAssignmentFacts,
  { before, holds }: NonNullable<OpenAssignmentFacts["deferral"]>,
): DeviceExplanation {
  const reason = { kind: "deferred-by-device", deploymentId, assignmentId, before, holds } as const;
  return {
    summary: `The update to ${version} is put off. ${sentenceOf(reason)}`,
    reasons: [inWords(reason)],
    earliest: window.kind === "closed" ? window.opensAt : null,
  };
}

/** What is under way ends by itself when nothing more is heard of it. */
function inProgress(assignment: OpenAssignmentFacts, summary: string): DeviceExplanation {
  const { id: assignmentId, deploymentId } = assignment;
  return {
    summary,
    reasons: [inWords({ kind: "update-in-progress", deploymentId, assignmentId })],
    earliest: expiresAt(assignment),
  };
}
