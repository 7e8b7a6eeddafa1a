import {
  bytesWords,
  type DeploymentState,
  type DeviceState,
  type WaitKind,
  type WaitReason,
} from "@moult/model";
import { clause } from "./clause.ts";
import { counted, devices, numberText } from "./counted.ts";
import { unheededWords } from "./unheeded-terms.ts";
import { utcText } from "./utc-text.ts";

/** What a device waits for: a reason, or its own next check-in. */
export type Wait = WaitReason | { readonly kind: "next-check-in" };

type WaitOf<Kind extends WaitKind> = Extract<Wait, { kind: Kind }>;

const NOT_ACCEPTED: Readonly<Record<DeviceState, (count: number) => string>> = {
  accepted: (count) => devices(count, "is accepted", "are accepted"),
  pending: (count) => devices(count, "waits to be accepted", "wait to be accepted"),
  rejected: (count) =>
    devices(count, "was rejected by an operator", "were rejected by an operator"),
  decommissioned: (count) => devices(count, "was decommissioned", "were decommissioned"),
};

const STANDS_STILL: Readonly<Record<DeploymentState, string>> = {
  running: "the deployment is running",
  paused: "the deployment is paused",
  tripped: "the deployment stopped itself",
  finished: "the deployment is finished",
  aborted: "the deployment was aborted",
};

const list = (values: readonly string[]): string =>
  values.length <= 3 ? values.join(", ") : `${values.slice(0, 3).join(", ")} and more`;

const runWords = (runs: string | null, count: number): string =>
  runs === null
    ? devices(count, "has not said what it runs", "have not said what they run")
    : `${devices(count, "runs", "run")} ${runs}`;

/** What many devices that wait for the same have in common; a kind that has no sentence does not compile. */
const SENTENCES: {
  readonly [Kind in WaitKind]: (wait: WaitOf<Kind>, count: number) => string;
} = {
  "next-check-in": (_, count) =>
    devices(count, "gets it at its next check-in", "get it at their next check-ins"),
  "device-not-accepted": ({ state }, count) => NOT_ACCEPTED[state](count),
  "identity-conflict": (_, count) =>
    count === 1
      ? "1 device shares its key with another machine"
      : `${counted(count, "device")} share their keys with other machines`,
  "device-held": (_, count) => devices(count, "is held by a person", "are held by people"),
  "installation-undecided": (_, count) =>
    `${devices(count, "waits", "wait")} for somebody at the device to commit or take back what they installed from a file`,
  "no-deployment": (_, count) => devices(count, "is in no deployment", "are in no deployment"),
  "update-in-progress": (_, count) =>
    devices(count, "is in another update", "are in another update"),
  "deferred-by-device": (_, count) =>
    devices(count, "puts another update off", "put another update off"),
  "not-in-target": ({ because }, count) =>
    because === "excluded"
      ? devices(count, "is excluded from it", "are excluded from it")
      : because === "frozen"
        ? devices(count, "came too late for it", "came too late for it")
        : devices(count, "is no target of it", "are no targets of it"),
  "held-back-share": (_, count) =>
    `${devices(count, "is", "are")} held back, to compare the others with`,
  "deployment-not-running": ({ state }, count) =>
    `${devices(count, "waits", "wait")}, because ${STANDS_STILL[state]}`,
  "already-running": (_, count) => devices(count, "runs it already", "run it already"),
  "no-artifact-for-hardware": ({ hardwareType }, count) =>
    `${devices(count, "is", "are")} of the hardware type ${hardwareType}, which the release has no artifact for`,
  "outside-path-prefix": ({ pathPrefix }, count) =>
    `${devices(count, "takes", "take")} artifacts under ${pathPrefix} only`,
  "release-not-signed": (_, count) =>
    `${devices(count, "waits", "wait")} for offline keys to sign the release`,
  "trust-expired": (_, count) =>
    `${devices(count, "waits", "wait")}, because what offline keys signed has expired`,
  "too-early": ({ until }, count) =>
    `${devices(count, "waits", "wait")} until ${utcText(until)}, when the release may be installed`,
  "agent-too-old": ({ minAgent, agent }, count) =>
    `${devices(count, "has", "have")} the agent ${agent}, and the release needs ${minAgent} or newer`,
  "security-counter-too-low": ({ releaseCounter, deviceCounter }, count) =>
    `${devices(count, "does not go", "do not go")} below the security counter ${deviceCounter}, and the release has ${releaseCounter}`,
  conflict: ({ name, value }, count) =>
    `${devices(count, "has", "have")} ${name} ${value}, which the release must not be installed with`,
  "payload-type-unsupported": ({ payloadTypes }, count) =>
    `${devices(count, "cannot install", "cannot install")} the payload type ${list(payloadTypes)}`,
  "terms-unheeded": ({ terms }, count) =>
    `${devices(count, "has a client that", "have clients that")} cannot be told what the plan wants: ${unheededWords(terms)}`,
  "payload-not-bare": (_, count) =>
    `${devices(count, "takes", "take")} files without their artifact, and the files of this one are compressed or of several payloads`,
  "depends-unmet": ({ name, wanted, provided }, count) =>
    `${devices(count, "has", "have")} ${provided === null ? `no ${name}` : `${name} ${provided}`}, and the release needs ${list(wanted)}`,
  "minimum-version": ({ minimumFrom, runs }, count) =>
    `${runWords(runs, count)}, and the release is for those that run ${minimumFrom} or later`,
  "must-pass-through": ({ version, runs }, count) =>
    `${runWords(runs, count)} and ${count === 1 ? "has" : "have"} to run ${version} before this release`,
  safeguard: ({ note }, count) =>
    `${devices(count, "is", "are")} kept from the release by a safeguard (${clause(note)})`,
  "boot-loop": ({ version }, count) =>
    `${devices(count, "rolled back", "rolled back")} from ${version} in several deployments and ${count === 1 ? "waits" : "wait"} for somebody to send ${count === 1 ? "it" : "them"} ahead`,
  "flip-flop": ({ version, runs }, count) =>
    `${devices(count, "was brought", "were brought")} from ${runs} to ${version} and came back several times within a week`,
  "stage-not-reached": ({ admittedInStage }, count) =>
    `${devices(count, "has its", "have their")} turn in stage ${admittedInStage + 1}`,
  "approval-pending": ({ stage, required, given }, count) =>
    `${devices(count, "waits", "wait")} until stage ${stage + 1} is approved: ${given} of ${required} approvals are given`,
  "concurrent-limit": ({ limit }, count) =>
    `${devices(count, "waits", "wait")} for a place: ${numberText(limit)} at a time are in the update`,
  "site-limit": ({ attribute, limit }, count) =>
    `${devices(count, "waits", "wait")} for a place among those with the same ${attribute}: ${numberText(limit)} at a time are in the update`,
  "rate-limit": ({ perMinute, growsTo }, count) =>
    `${devices(count, "waits", "wait")}, because at most ${numberText(perMinute)} start in any minute${
      growsTo === null ? "" : ` by now, and up to ${numberText(growsTo)} later`
    }`,
  "byte-budget": ({ bytesPerDay, sizeBytes, until }, count) =>
    until === null
      ? `${devices(count, "never gets it", "never get it")}: an artifact of ${bytesWords(sizeBytes)} is larger than the ${bytesWords(bytesPerDay)} that are offered in any 24 hours`
      : `${devices(count, "waits", "wait")} until there is room for ${bytesWords(sizeBytes)}: at most ${bytesWords(bytesPerDay)} of artifacts are offered in any 24 hours`,
  "retry-backoff": (_, count) =>
    devices(count, "waits a while before its next try", "wait a while before their next tries"),
  "outside-window": ({ until }, count) =>
    `${devices(count, "waits for its", "wait for their")} window, which opens at ${utcText(until)}`,
  "zone-unknown": ({ attribute, zone }, count) =>
    zone === null
      ? `${devices(count, "reports", "report")} no time zone (${attribute ?? "none"}) for the plan's windows`
      : `${devices(count, "waits", "wait")} for a window by the clocks of ${zone}, which the server does not know`,
  "condition-unmet": ({ conditions }, count) =>
    `${devices(count, "waits", "wait")} until ${clause(conditions)}`,
  "retry-forbidden": ({ code }, count) =>
    `${devices(count, "failed", "failed")}${code === null ? "" : ` with ${code}`}, after which the plan gives no other try`,
  cancelled: (_, count) =>
    devices(count, "had its update cancelled", "had their updates cancelled"),
  "attempts-used": (_, count) => devices(count, "had its tries", "had their tries"),
  superseded: ({ because }, count) =>
    `${devices(count, "is", "are")} taken over by ${because === "newer" ? "a newer deployment" : "a deployment of higher priority"}`,
};

/** One sentence about all devices that wait for the same. */
export function sentenceOfMany<Kind extends WaitKind>(wait: WaitOf<Kind>, count: number): string {
  // The table has a function for each kind; indexing it by a union loses that the two belong together.
  const sentence = SENTENCES[wait.kind as Kind] as (of: WaitOf<Kind>, count: number) => string;
  return `${sentence(wait, count)}.`;
}

/** Devices with the same key are told of in one sentence. */
export function waitKey(wait: Wait): string {
  const facts = Object.entries(wait).filter(
    ([name]) => !NOT_SAID.has(name) && !(name === "until" && UNTIL_NOT_SAID.has(wait.kind)),
  );
  return JSON.stringify(facts);
}

/** What stands in a reason and in no sentence about many. */
const NOT_SAID: ReadonlySet<string> = new Set([
  "deploymentId",
  "assignmentId",
  "byDeploymentId",
  "safeguardId",
  "path",
  "attempts",
  "deployments",
  "times",
  "outcome",
  "note",
  "by",
  "since",
  "site",
  "said",
]);

/** Of these, only when is different, and no sentence about many says it. */
const UNTIL_NOT_SAID: ReadonlySet<WaitKind> = new Set([
  "retry-backoff",
  "rate-limit",
  "byte-budget",
  "device-held",
]);
