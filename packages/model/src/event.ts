import * as z from "zod";
import { Deferral } from "./hold.ts";
import { BulkActionKind, BulkChange } from "./bulk-change.ts";
import {
  AssignmentId,
  BulkChangeId,
  DeploymentId,
  DeviceId,
  GroupId,
  ReleaseId,
  SafeguardId,
  TrustProposalId,
  UploadId,
} from "./ids.ts";
import { AssignmentState, DeploymentState, Trip } from "./deployment.ts";
import { DeviceState } from "./device.ts";
import { Outcome } from "./outcome.ts";
import { Instant, ProductName, ReleaseVersion } from "./names.ts";
import { TrustRole, TrustWarning } from "./trust.ts";
import { UploadState } from "./upload.ts";

const kind = <Kind extends string>(name: Kind) => z.object({ kind: z.literal(name) });

const INVITATION = { email: z.string(), role: z.string(), by: z.string() };

const SAFEGUARD = {
  safeguardId: SafeguardId,
  releaseId: ReleaseId,
  version: ReleaseVersion,
  query: z.string(),
  note: z.string(),
  by: z.string(),
};

/**
 * Something that happened, past tense. Written in the transaction that made it happen, so the stream is complete:
 * it feeds the live UI, `moult deployment watch`, the device's timeline and, later, webhooks and audit.
 */
export const FleetEventBody = z.discriminatedUnion("kind", [
  kind("device-enrolled").extend({ product: ProductName, state: DeviceState }),
  kind("device-state-changed").extend({ state: DeviceState, by: z.string() }),
  kind("device-inventory-changed"),
  kind("device-running-changed").extend({ from: z.string().nullable(), to: z.string() }),
  kind("device-identity-conflict").extend({ detail: z.string() }),
  kind("device-held").extend({ note: z.string(), until: Instant.nullable(), by: z.string() }),
  kind("device-released").extend({ by: z.string() }),
  /** Other settings are wanted of it; their names. */
  kind("device-configured").extend({ names: z.array(z.string()), by: z.string() }),
  kind("group-changed").extend({ groupId: GroupId }),
  kind("bulk-change-progressed").extend({
    bulkChangeId: BulkChangeId,
    action: BulkActionKind,
    done: z.int().min(0),
    total: z.int().min(0),
    state: BulkChange.shape.state,
    by: z.string(),
  }),
  kind("product-changed").extend({ product: ProductName }),
  kind("release-changed").extend({ releaseId: ReleaseId, version: ReleaseVersion }),
  /** What it asks of devices that take it, or one after it, from then on. */
  kind("release-rules-changed").extend({
    releaseId: ReleaseId,
    version: ReleaseVersion,
    minimumFrom: ReleaseVersion.nullable(),
    mustPassThrough: z.boolean(),
    by: z.string(),
  }),
  kind("release-deleted").extend({ releaseId: ReleaseId, version: ReleaseVersion }),
  /** The release is kept from the devices of the query, in every deployment. */
  kind("safeguard-created").extend(SAFEGUARD),
  kind("safeguard-lifted").extend(SAFEGUARD),
  /** What it is now; `ended`: cancelled, or not finished in time. */
  kind("upload-changed").extend({
    uploadId: UploadId,
    state: z.enum([...UploadState.options, "ended"]),
  }),
  kind("person-invited").extend({ ...INVITATION, expiresAt: Instant }),
  /** By a person, or because whoever made it may make none any more. */
  kind("invitation-revoked").extend(INVITATION),
  kind("person-joined").extend({
    name: z.string(),
    email: z.string(),
    role: z.string(),
    invitedBy: z.string(),
  }),
  kind("person-role-changed").extend({
    name: z.string(),
    email: z.string(),
    from: z.string(),
    to: z.string(),
    by: z.string(),
  }),
  kind("person-removed").extend({ name: z.string(), email: z.string(), by: z.string() }),
  kind("trust-initialised").extend({ by: z.string() }),
  kind("trust-proposal-changed").extend({
    proposalId: TrustProposalId,
    change: z.enum(["created", "signed", "published", "withdrawn"]),
    roles: z.array(TrustRole),
    by: z.string(),
  }),
  kind("trust-role-expiring").extend({
    role: TrustRole,
    warning: TrustWarning,
    expiresAt: Instant,
  }),
  /** A device's receipt does not prove what it should; the update itself is as it was reported. */
  kind("receipt-invalid").extend({ attempt: z.int().min(1), problem: z.string() }),
  kind("deployment-created").extend({ version: ReleaseVersion, by: z.string() }),
  kind("deployment-state-changed").extend({ state: DeploymentState, by: z.string() }),
  kind("deployment-tripped").extend({ trip: Trip }),
  /** `by`: who opened it, when a person did. */
  kind("stage-advanced").extend({ stage: z.int().min(0), by: z.string().optional() }),
  /** A person let devices install what they have downloaded. */
  kind("installation-opened").extend({ by: z.string() }),
  /** `given`: how many people have, of those that are required. */
  kind("stage-approved").extend({
    stage: z.int().min(0),
    given: z.int().min(0),
    required: z.int().min(1),
    by: z.string(),
  }),
  kind("approval-withdrawn").extend({ stage: z.int().min(0), by: z.string() }),
  /** A person takes back what it brought; `to` null: to what each device ran before. */
  kind("deployment-rolled-back").extend({ to: ReleaseVersion.nullable(), by: z.string() }),
  kind("assignment-offered").extend({ attempt: z.int().min(1), version: ReleaseVersion }),
  /** The signer did not agree to the offer, so the device was told to do nothing, or to go on with what it installs. */
  kind("offer-not-signed").extend({
    attempt: z.int().min(1),
    version: ReleaseVersion,
    reason: z.string(),
  }),
  kind("assignment-progressed").extend({
    state: AssignmentState,
    progressPercent: z.int().min(0).max(100).nullable(),
    /** The device puts its next step off; absent when it goes on. */
    deferral: Deferral.omit({ since: true }).optional(),
  }),
  /** A person gave it its tries anew. */
  kind("assignment-retried").extend({ by: z.string() }),
  /** A person sent it ahead: it goes next, whatever stage and limit. */
  kind("device-forced").extend({ by: z.string() }),
  kind("assignment-closed").extend({
    outcome: Outcome,
    code: z.string().nullable(),
    detail: z.string().nullable(),
  }),
]);
export type FleetEventBody = z.infer<typeof FleetEventBody>;

type EventKinds = readonly [FleetEventBody["kind"], ...FleetEventBody["kind"][]];

/** The kinds of events, for whoever wants some of them only. */
export const EventKind = z.enum(
  FleetEventBody.options.map(({ shape }) => shape.kind.value) as unknown as EventKinds,
);
export type EventKind = z.infer<typeof EventKind>;

/** One event with its place in the tenant's stream and what it is about. */
export const FleetEvent = z.object({
  /** Grows by time in its tenant; a client that reconnects names the last one it saw. */
  sequence: z.int().min(1),
  at: Instant,
  deviceId: DeviceId.nullable(),
  /** What people call the device, as of now; null when it is about none. */
  deviceName: z.string().nullable(),
  deploymentId: DeploymentId.nullable(),
  deploymentName: z.string().nullable(),
  assignmentId: AssignmentId.nullable(),
  /** What happened, in one plain sentence with names in it. */
  sentence: z.string(),
  body: FleetEventBody,
});
export type FleetEvent = z.infer<typeof FleetEvent>;
