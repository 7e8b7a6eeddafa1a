import {
  AssignmentId,
  ClientTraits,
  DeviceId,
  DeviceIdentity,
  DeviceState,
  HOLDS_MAX,
  HardwareType,
  Hold,
  HoldPoint,
  Inventory,
  ProductName,
  ReportedContext,
  Running,
  Sha256,
  TenantId,
} from "@moult/model";
import * as z from "zod";

// Messages between a Moult device and its server, version 1 (docs/protocol/device-v1.md). What devices send is parsed
// tolerantly: unknown fields are dropped, so that agents newer than the server are understood.

/** Header with the base64 Ed25519 signature of `signedMessage(purpose, raw body)` by the device's key. */
export const SIGNATURE_HEADER = "moult-signature";

/** What a device signs, so that a signature for one purpose is none for another. */
export const SIGNATURE_PURPOSE = {
  enroll: "moult-enroll-v1\n",
  session: "moult-session-v1\n",
} as const;

/** `POST /device/v1/challenge`: a short-lived value to sign, so that nothing signed can be replayed. */
export const ChallengeReply = z.object({
  challenge: z.string().max(256),
  expiresInSeconds: z.int().min(1),
});
export type ChallengeReply = z.infer<typeof ChallengeReply>;

/** Whoever speaks this protocol verifies all of it: the signer signs nothing for a device that does less. */
const AgentTraits = ClientTraits.extend({
  trust: z.literal("end-to-end"),
  payloadTypes: ClientTraits.shape.payloadTypes.unwrap(),
});

/** `POST /device/v1/enroll`, signed. Asking again with the same key answers with the device's present state. */
export const EnrollRequest = z.object({
  challenge: z.string().max(256),
  /** Base64 of the DER SubjectPublicKeyInfo (Ed25519) of the device's key. */
  publicKey: z.base64().max(256),
  tenantId: TenantId,
  product: ProductName,
  hardwareType: HardwareType,
  identity: DeviceIdentity,
  traits: AgentTraits,
  token: z.string().max(256).optional(),
});
export type EnrollRequest = z.infer<typeof EnrollRequest>;

export const EnrollReply = z.object({ deviceId: DeviceId, tenantId: TenantId, state: DeviceState });
export type EnrollReply = z.infer<typeof EnrollReply>;

/** `POST /device/v1/session`, signed: proves the key, gets a token for the calls below. */
export const SessionRequest = z.object({
  challenge: z.string().max(256),
  tenantId: TenantId,
  /** SHA-256 of the DER SubjectPublicKeyInfo. */
  keyFingerprint: Sha256,
  /** Client traits of this agent; they change when the agent is updated. */
  traits: AgentTraits,
});
export type SessionRequest = z.infer<typeof SessionRequest>;

export const SessionReply = z.object({
  deviceId: DeviceId,
  token: z.string().max(1024),
  expiresInSeconds: z.int().min(1),
});
export type SessionReply = z.infer<typeof SessionReply>;

/** What the device is doing while it checks in. */
export const DeviceActivity = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("idle") }),
  z.object({ kind: z.literal("updating"), assignmentId: AssignmentId, attempt: z.int().min(1) }),
]);
export type DeviceActivity = z.infer<typeof DeviceActivity>;

/**
 * `POST /device/v1/check-in`. Answered 204 when generation N still holds, else 200 with a DSSE envelope around an
 * `Instruction` (packages/trust). A 204 proves no freshness: a device asks for a `fresh` answer at the half-life of its
 * instruction.
 */
export const CheckInRequest = z.object({
  /** Base64 of 16 to 64 random bytes, new for each check-in. */
  nonce: z.base64().min(24).max(88),
  /** The highest generation this device has accepted; 0 before the first. */
  generation: z.int().min(0),
  /** Asks for a signed answer even if nothing changed. */
  fresh: z.boolean().default(false),
  /** Random per start of the agent: one that comes back after another one took over means a cloned identity. */
  instanceId: z.uuid(),
  activity: DeviceActivity,
  /** SHA-256 over the canonical text (`reportDigest`) of what the device would report; no context: it says none. */
  digests: z.object({ running: Sha256, inventory: Sha256, context: Sha256.optional() }),
  /** Present when it changed since the server last had it, or was asked for. */
  running: Running.optional(),
  inventory: Inventory.optional(),
  context: ReportedContext.optional(),
});
export type CheckInRequest = z.infer<typeof CheckInRequest>;

const event = <Kind extends string>(kind: Kind) =>
  z.object({
    kind: z.literal(kind),
    /** Counts the device's events of this attempt from 1; one that the server has is ignored when sent again. */
    sequence: z.int().min(1).max(1_000_000),
  });

/** How an attempt ended, as the device knows it. */
export const AttemptOutcome = z.enum(["succeeded", "failed", "rolled-back", "rejected", "aborted"]);
export type AttemptOutcome = z.infer<typeof AttemptOutcome>;

/** Longest text of a receipt's envelope. */
export const RECEIPT_CHARACTERS_MAX = 16 * 1024;

/**
 * Progress of one attempt, past the offer. `deferred`: the device has reasons to put its next step off, until its next report;
 * it says so again each hour. `finished` is the last; for `succeeded` it says what runs now.
 */
export const AssignmentEvent = z.discriminatedUnion("kind", [
  event("deferred").extend({ before: HoldPoint, holds: z.array(Hold).min(1).max(HOLDS_MAX) }),
  event("downloading").extend({ progressPercent: z.int().min(0).max(100) }),
  event("installing"),
  event("activating"),
  event("proving"),
  event("rolling-back").extend({ code: z.string().max(64), detail: z.string().max(2_000) }),
  event("finished").extend({
    outcome: AttemptOutcome,
    /** Machine-readable cause of anything but `succeeded`. */
    code: z.string().max(64).optional(),
    detail: z.string().max(2_000).optional(),
    running: Running,
    /** DSSE envelope around a `Receipt`, as JSON text, signed by the device's key. */
    receipt: z.string().max(RECEIPT_CHARACTERS_MAX).optional(),
  }),
]);
export type AssignmentEvent = z.infer<typeof AssignmentEvent>;

/** `POST /device/v1/assignments/{id}/events`: 204, or 409 `assignment-closed` when the server has closed it. */
export const AssignmentEventsRequest = z.object({
  attempt: z.int().min(1),
  events: z.array(AssignmentEvent).min(1).max(100),
});
export type AssignmentEventsRequest = z.infer<typeof AssignmentEventsRequest>;

/** `PUT /device/v1/assignments/{id}/attempts/{attempt}/log`: UTF-8 text, one line an entry. */
export const LOG_BYTES_MAX = 1024 * 1024;

/** Problem details (RFC 9457) as devices read them: `code` decides, the rest is for people. */
export const DeviceProblem = z.object({
  status: z.int(),
  code: z.string(),
  detail: z.string().optional(),
});
export type DeviceProblem = z.infer<typeof DeviceProblem>;
