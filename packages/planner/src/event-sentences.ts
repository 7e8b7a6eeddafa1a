import type {
  AssignmentState,
  BulkActionKind,
  DeploymentState,
  DeviceState,
  FleetEventBody,
  Outcome,
  TrustWarning,
} from "@moult/model";
import { clause } from "./clause.ts";
import { releaseRuleWords } from "@moult/model";
import { counted, numberText } from "./counted.ts";
import { deferralSentence } from "./deferral-sentence.ts";
import { tripWords } from "./headline.ts";
import { utcText } from "./utc-text.ts";

/** What the things that an event is about are called; null when it is about none, or the thing is gone. */
export interface EventNames {
  readonly device: string | null;
  readonly deployment: string | null;
  /** What the deployment brings. */
  readonly version: string | null;
  readonly group: string | null;
}

type BodyOf<Kind extends FleetEventBody["kind"]> = Extract<FleetEventBody, { kind: Kind }>;
type Subjects = {
  readonly device: string;
  readonly deployment: string;
  readonly release: string;
} & EventNames;

const ADMISSION: Readonly<Record<DeviceState, (by: string, device: string) => string>> = {
  pending: (by, device) => `${by} made ${device} wait to be accepted.`,
  accepted: (by, device) => `${by} accepted ${device}.`,
  rejected: (by, device) => `${by} rejected ${device}.`,
  decommissioned: (by, device) => `${by} decommissioned ${device}.`,
};

const MOVED: Readonly<Record<DeploymentState, (by: string, deployment: string) => string>> = {
  running: (by, deployment) => `${by} resumed ${deployment}.`,
  paused: (by, deployment) => `${by} paused ${deployment}.`,
  tripped: (_, deployment) => `${deployment} stopped itself.`,
  finished: (_, deployment) => `${deployment} is finished.`,
  aborted: (by, deployment) => `${by} aborted ${deployment}.`,
};

const DOING: Readonly<Record<AssignmentState, (release: string) => string>> = {
  offered: (release) => `was offered ${release}`,
  downloading: (release) => `is downloading ${release}`,
  installing: (release) => `is installing ${release}`,
  activating: (release) => `is activating ${release}`,
  proving: (release) => `runs ${release} on trial`,
  "rolling-back": (release) => `is rolling ${release} back`,
  "retry-pending": (release) => `waits for its next try of ${release}`,
  closed: (release) => `is done with ${release}`,
};

const ENDED: Readonly<Record<Outcome, (device: string, release: string) => string>> = {
  succeeded: (device, release) => `${device} was updated to ${release}`,
  "already-running": (device, release) => `${device} ran ${release} already`,
  failed: (device, release) => `${device} failed to update to ${release}`,
  "rolled-back": (device, release) => `${device} rolled ${release} back`,
  rejected: (device, release) => `${device} refused ${release}`,
  "timed-out": (device, release) => `${device} was seen, but not done with ${release} in time`,
  silent: (device, release) => `${device} was not heard of while updating to ${release}`,
  aborted: (device, release) => `The update of ${device} to ${release} was cancelled`,
};

/** The name of the file is its sender's business. */
const UPLOAD: Readonly<Record<BodyOf<"upload-changed">["state"], string>> = {
  uploading: "An upload began.",
  verifying: "An upload is complete and is being verified.",
  finished: "An upload is an artifact now.",
  refused: "An upload was refused.",
  ended: "An upload was given up.",
};

const ASKED: Readonly<Record<BulkActionKind, (devices: string) => string>> = {
  accept: (devices) => `accept ${devices}`,
  reject: (devices) => `reject ${devices}`,
  decommission: (devices) => `decommission ${devices}`,
  "add-to-group": (devices) => `put ${devices} into a group`,
  "remove-from-group": (devices) => `take ${devices} out of a group`,
};

const PROPOSAL: Readonly<Record<BodyOf<"trust-proposal-changed">["change"], string>> = {
  created: "proposed",
  signed: "signed",
  published: "published",
  withdrawn: "withdrew",
};

/** By the signer's reasons; the rest of them are faults, and say so themselves. */
const NOT_SIGNED: Readonly<Record<string, string>> = {
  "target-not-published": "offline keys no longer vouch for it",
  "trust-refused": "the signing metadata do not hold, or have ended",
  "share-cap": "as many devices of its product as may have been told within the hour, and it waits",
  "rate-cap": "too many installs are asked for at once, and it waits",
};

const EXPIRING: Readonly<Record<TrustWarning, string>> = {
  "expires-90d": "end within 90 days, on",
  "expires-30d": "end within 30 days, on",
  "expires-7d": "end within a week, on",
  expired: "have ended, and devices install nothing new under them since",
};

/** One plain sentence for each kind of event; a kind that has none does not compile. */
const SENTENCES: {
  readonly [Kind in FleetEventBody["kind"]]: (body: BodyOf<Kind>, about: Subjects) => string;
} = {
  "device-enrolled": ({ product, state }, { device }) =>
    state === "accepted" ? `${device} joined ${product}.` : `${device} asks to join ${product}.`,
  "device-state-changed": ({ state, by }, { device }) => ADMISSION[state](by, device),
  "device-inventory-changed": (_, { device }) => `${device} reported a new inventory.`,
  "device-running-changed": ({ from, to }, { device }) =>
    `${device} runs ${to}${from === null ? "" : ` instead of ${from}`}.`,
  "device-identity-conflict": ({ detail }, { device }) =>
    `Two machines speak with the key of ${device}${because([detail])}.`,
  "device-held": ({ by, note, until }, { device }) =>
    `${by} holds ${device}${until === null ? "" : ` until ${utcText(until)}`}${because([note])}.`,
  "device-released": ({ by }, { device }) => `${by} released ${device}.`,
  "device-configured": ({ by, names }, { device }) =>
    `${by} wants other settings of ${device}: ${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}.`,
  "group-changed": (_, { group }) =>
    `${group === null ? "A group" : `The group ${group}`} changed.`,
  "bulk-change-progressed": ({ action, done, total, state, by }) => {
    const progress = state === "finished" ? "that is done" : `${numberText(done)} done so far`;
    return `${by} asked to ${ASKED[action](counted(total, "device"))}: ${progress}.`;
  },
  "product-changed": ({ product }) => `The product ${product} changed.`,
  "release-changed": ({ version }) => `The release ${version} changed.`,
  "safeguard-created": ({ version, query, note, by }) =>
    `${by} keeps ${version} from devices of which "${query}" is true: ${clause(note)}.`,
  "safeguard-lifted": ({ version, query, by }) =>
    `${by} lifted the safeguard that kept ${version} from devices of which "${query}" is true.`,
  "release-rules-changed": ({ version, by, ...rules }) =>
    [`${by} changed the rules of ${version}.`, ...releaseRuleWords(rules)].join(" "),
  "release-deleted": ({ version }) => `The release ${version} was deleted.`,
  "upload-changed": ({ state }) => UPLOAD[state],
  "person-invited": ({ email, role, expiresAt, by }) =>
    `${by} invited ${email} as ${role}, until ${utcText(expiresAt)}.`,
  "invitation-revoked": ({ email, by }) => `${by} revoked the invitation of ${email}.`,
  "person-joined": ({ name, email, role, invitedBy }) =>
    `${name} (${email}) joined as ${role}, invited by ${invitedBy}.`,
  "person-role-changed": ({ name, email, from, to, by }) =>
    `${by} made ${name} (${email}) ${to} instead of ${from}.`,
  "person-removed": ({ name, email, by }) => `${by} removed ${name} (${email}).`,
  "trust-initialised": ({ by }) =>
    `${by} set up signing: devices take the tenant's root of trust from now on.`,
  "trust-proposal-changed": ({ change, roles, by }) =>
    `${by} ${PROPOSAL[change]} new signing metadata: ${roles.join(", ")}.`,
  "trust-role-expiring": ({ role, warning, expiresAt }) =>
    `The signatures of ${role} ${EXPIRING[warning]} ${expiresAt.slice(0, 10)}.`,
  "receipt-invalid": ({ attempt, problem }, { device, release }) =>
    `The receipt of ${device} for try ${attempt} of ${release} proves nothing${because([problem])}.`,
  "deployment-created": ({ version, by }, { deployment }) =>
    `${by} started ${deployment}, which brings ${version}.`,
  "deployment-state-changed": ({ state, by }, { deployment }) => MOVED[state](by, deployment),
  "deployment-tripped": ({ trip }, { deployment }) => `${deployment} stopped ${tripWords(trip)}`,
  "stage-advanced": ({ stage, by }, { deployment }) =>
    by === undefined
      ? `${deployment} goes on to stage ${stage + 1}.`
      : `${by} opened stage ${stage + 1} of ${deployment}.`,
  "stage-approved": ({ stage, given, required, by }, { deployment }) =>
    `${by} approved stage ${stage + 1} of ${deployment}, ${given >= required ? "which needs no more approvals" : `${given} of ${required}`}.`,
  "approval-withdrawn": ({ stage, by }, { deployment }) =>
    `${by} withdrew the approval of stage ${stage + 1} of ${deployment}.`,
  "installation-opened": ({ by }, { deployment }) =>
    `${by} opened the installation of ${deployment}: devices install what they have downloaded.`,
  "deployment-rolled-back": ({ to, by }, { deployment }) =>
    `${by} rolled ${deployment} back: its devices return to ${to ?? "what each ran before"}.`,
  "assignment-offered": ({ attempt, version }, { device }) =>
    `${device} was offered ${version}${attempt === 1 ? "" : ` again, try ${attempt}`}.`,
  "offer-not-signed": ({ version, reason }, { device }) =>
    `The signer did not sign ${version} for ${device}: ${NOT_SIGNED[reason] ?? reason}.`,
  "assignment-progressed": ({ state, progressPercent, deferral }, { device, release }) =>
    deferral === undefined
      ? `${device} ${DOING[state](release)}${progressPercent === null ? "" : `, ${progressPercent} %`}.`
      : deferralSentence(deferral, device),
  "assignment-retried": ({ by }, { device, release }) =>
    `${by} gave ${device} its tries of ${release} anew.`,
  "device-forced": ({ by }, { device, deployment }) =>
    `${by} sent ${device} ahead in ${deployment}.`,
  "assignment-closed": ({ outcome, code, detail }, { device, release }) =>
    `${ENDED[outcome](device, release)}${because([code, detail])}.`,
};

/** What happened, the same in UI, CLI and API. */
export function eventSentence<Kind extends FleetEventBody["kind"]>(
  body: BodyOf<Kind>,
  names: EventNames,
): string {
  // The table has a function for each kind; indexing it by a union loses that the two belong together.
  const sentence = SENTENCES[body.kind as Kind] as (body: BodyOf<Kind>, about: Subjects) => string;
  const { device, deployment, version } = names;
  return capital(
    sentence(body, {
      ...names,
      device: device ?? "a device",
      deployment: deployment === null ? "a deployment" : `"${deployment}"`,
      release: version ?? "a release",
    }),
  );
}

/** Names and versions come first as they are written; only our own words are made large. */
const capital = (sentence: string): string =>
  sentence.replace(/^an? /, (word) => `A${word.slice(1)}`);

function because(parts: readonly (string | null)[]): string {
  const said = parts.map((part) => clause(part ?? "")).filter((part) => part !== "");
  return said.length === 0 ? "" : `: ${said.join(", ")}`;
}
