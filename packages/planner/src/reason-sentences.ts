import { pendingApprovalSentence } from "./approvals.ts";
import { numberText } from "./counted.ts";
import { deferralSentence } from "./deferral-sentence.ts";
import { clause } from "./clause.ts";
import { unheededSentence } from "./unheeded-terms.ts";
import { utcText } from "./utc-text.ts";
import {
  bytesWords,
  contextWords,
  type DeploymentState,
  type DeviceState,
  type Outcome,
  type ReportedContext,
  type WaitReason,
} from "@moult/model";

type ReasonOf<Kind extends WaitReason["kind"]> = Extract<WaitReason, { kind: Kind }>;

const NOT_ACCEPTED: Readonly<Record<DeviceState, string>> = {
  accepted: "The device is accepted.",
  pending: "The device waits for an operator to accept it.",
  rejected: "An operator rejected the device.",
  decommissioned: "The device was decommissioned.",
};

const NOT_RUNNING: Readonly<Record<DeploymentState, string>> = {
  running: "Its deployment is running.",
  paused: "Its deployment is paused by an operator.",
  tripped: "Its deployment stopped itself after too many failures, and waits for an operator.",
  finished: "Its deployment is finished.",
  aborted: "Its deployment was aborted.",
};

const NOT_IN_TARGET: Readonly<Record<ReasonOf<"not-in-target">["because"], string>> = {
  "not-a-member": "The running deployment does not target this device.",
  excluded: "The running deployment excludes this device from its target.",
  frozen:
    "The running deployment is for the devices that its target had when it was created, and this one was not among them.",
};

/** How the last try went, after "which". */
const TRY_ENDED: Readonly<Record<Outcome, string>> = {
  succeeded: "succeeded",
  "already-running": "found the release running",
  failed: "failed",
  "rolled-back": "rolled back",
  rejected: "the device refused",
  "timed-out": "took too long",
  silent: "was not heard of again",
  aborted: "was aborted",
};

function attemptsUsed({ attempts, outcome }: ReasonOf<"attempts-used">): string {
  if (outcome === "succeeded" || outcome === "already-running")
    return "The device has had this update, and it succeeded.";
  const tries =
    attempts === 1
      ? "The device had its one try, which"
      : `The device had its ${attempts} tries, the last of which`;
  return `${tries} ${TRY_ENDED[outcome]}; a new deployment tries again.`;
}

function zoneUnknown(attribute: string | null, zone: string | null): string {
  if (attribute === null)
    return `The plan's windows go by the clocks of ${zone ?? "a zone"}, which the server does not know.`;
  return zone === null
    ? `The plan's windows go by the device's time zone, and it reports none (${attribute}).`
    : `The plan's windows go by the device's time zone, and the server does not know the one it reports, ${zone} (${attribute}).`;
}

function saidWords(said: ReportedContext | null): string {
  const words = said === null ? "" : contextWords(said);
  return words === "" ? "says nothing of its circumstances" : `says: ${words}`;
}

const list = (values: readonly string[]): string =>
  values.length <= 3 ? values.join(", ") : `${values.slice(0, 3).join(", ")}, ...`;

const runsWords = (runs: string | null): string =>
  runs === null ? "it has not said what it runs" : `it runs ${runs}`;

/** One plain sentence for each reason; a reason that has none does not compile. */
const SENTENCES: { readonly [Kind in WaitReason["kind"]]: (reason: ReasonOf<Kind>) => string } = {
  "device-not-accepted": ({ state }) => NOT_ACCEPTED[state],
  "identity-conflict": () =>
    "Two machines speak with this device's key; an operator has to accept the right one again.",
  "device-held": ({ by, note, until }) =>
    `The device is held by ${by}${until === null ? "" : ` until ${utcText(until)}`}, and no deployment offers it anything: ${clause(note)}.`,
  "installation-undecided": ({ artifactName }) =>
    `Somebody at the device installed ${artifactName} from a file; it takes no update until they commit it or take it back (moult-agent commit, or rollback).`,
  "no-deployment": () => "No deployment has an update for this device.",
  "update-in-progress": () => "The device is in an update.",
  "deferred-by-device": (reason) => deferralSentence(reason),
  "not-in-target": ({ because }) => NOT_IN_TARGET[because],
  "held-back-share": ({ percent }) =>
    `The running deployment holds ${percent} % of its target back to compare the others with, and this device is among them.`,
  "deployment-not-running": ({ state }) => NOT_RUNNING[state],
  "already-running": () => "The device already runs the release.",
  "no-artifact-for-hardware": ({ hardwareType }) =>
    `The release has no artifact for the hardware type ${hardwareType}.`,
  "outside-path-prefix": ({ path, pathPrefix }) =>
    `The device takes artifacts under ${pathPrefix} only, and the release's is ${path}.`,
  "release-not-signed": () =>
    "The device takes only what offline keys have signed, and they have not signed this release yet.",
  "trust-expired": () =>
    "What the offline keys signed for this release has expired; the device takes it once it is signed again.",
  "too-early": ({ until }) =>
    `The release may be installed from ${utcText(until)} on, and the device waits until then.`,
  "agent-too-old": ({ minAgent, agent }) =>
    `The release needs the agent ${minAgent} or newer, and the device has ${agent}.`,
  "security-counter-too-low": ({ releaseCounter, deviceCounter }) =>
    `The release was signed with the security counter ${releaseCounter}, and the device never goes below its own, ${deviceCounter}.`,
  conflict: ({ name, value }) =>
    `The release must not be installed where ${name} is ${value}, and on the device it is.`,
  "payload-type-unsupported": ({ payloadTypes }) =>
    `The device cannot install the payload type ${list(payloadTypes)}.`,
  "terms-unheeded": ({ terms }) => unheededSentence(terms),
  "payload-not-bare": () =>
    "The device takes files without their artifact, and the files of this one are compressed or of several payloads; make it with `--compression none` and one payload.",
  "depends-unmet": ({ name, wanted, provided }) =>
    `The release needs ${name} to be ${list(wanted)}, and the device ${
      provided === null ? "does not have it" : `has ${provided}`
    }.`,
  "minimum-version": ({ minimumFrom, runs }) =>
    `The release is for devices that run ${minimumFrom} or later, and ${runsWords(runs)}.`,
  "must-pass-through": ({ version, runs }) =>
    `The device has to run ${version} before this release, and ${runsWords(runs)}.`,
  safeguard: ({ note }) =>
    `A safeguard keeps the release from devices like this one, until somebody lifts it: ${clause(note)}.`,
  "boot-loop": ({ version, deployments }) =>
    `The device rolled back from ${version} in ${deployments} deployments; it is not offered it again unless somebody sends it ahead.`,
  "flip-flop": ({ version, runs, times }) =>
    `Deployments brought the device from ${runs} to ${version} ${times} times within a week, and it came back each time; it stays until a week has passed or somebody sends it ahead.`,
  "stage-not-reached": ({ stage, admittedInStage }) =>
    `Stage ${stage + 1} is open and the device's turn comes in stage ${admittedInStage + 1}.`,
  "approval-pending": (reason) => pendingApprovalSentence(reason),
  "concurrent-limit": ({ limit }) =>
    `As many devices as the plan allows at a time (${limit}) are being updated; its turn comes when one is done.`,
  "site-limit": ({ attribute, site, limit }) =>
    `As many devices ${site === null ? `without ${attribute}` : `with ${attribute} ${site}`} as the plan allows at a time (${numberText(limit)}) are being updated; its turn comes when one is done.`,
  "rate-limit": ({ perMinute, growsTo, until }) =>
    `At most ${numberText(perMinute)} devices start in any minute ${
      growsTo === null ? "by the plan" : `by now, up to ${numberText(growsTo)} as the stage goes on`
    }; the next one may at ${utcText(until)}.`,
  "byte-budget": ({ bytesPerDay, sizeBytes, until }) =>
    until === null
      ? `The device's artifact of ${bytesWords(sizeBytes)} is larger than all that the plan lets be offered in 24 hours (${bytesWords(bytesPerDay)}), so it never is.`
      : `The plan lets ${bytesWords(bytesPerDay)} of artifacts be offered in any 24 hours; there is room for the device's ${bytesWords(sizeBytes)} at ${utcText(until)} at the earliest.`,
  "retry-backoff": ({ attempts, until }) =>
    `Its ${attempts === 1 ? "try" : `try ${attempts}`} failed; the next one begins at ${utcText(until)} at the earliest.`,
  "outside-window": ({ until }) =>
    `The plan lets devices begin in its windows only; the next one opens at ${utcText(until)}.`,
  "zone-unknown": ({ attribute, zone }) => zoneUnknown(attribute, zone),
  "condition-unmet": ({ conditions, said }) =>
    `The plan offers the release while ${clause(conditions)}, and the device ${saidWords(said)}.`,
  "retry-forbidden": ({ code, outcome }) =>
    `Its try ${TRY_ENDED[outcome]}${code === null ? "" : ` with ${code}`}, after which the plan gives no other; a new deployment tries again.`,
  cancelled: () => "An operator cancelled the device's update; it can be retried.",
  "attempts-used": attemptsUsed,
  superseded: ({ because }) =>
    because === "newer"
      ? "A newer deployment decides for this device."
      : "A deployment of higher priority decides for this device.",
};

/** The sentence for a reason, the same in UI, CLI and API. */
export function sentenceOf<Kind extends WaitReason["kind"]>(reason: ReasonOf<Kind>): string {
  // The table has a function for each kind; indexing it by a union loses that the two belong together.
  const sentence = SENTENCES[reason.kind as Kind] as (of: ReasonOf<Kind>) => string;
  return sentence(reason);
}
