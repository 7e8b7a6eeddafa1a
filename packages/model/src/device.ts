import * as z from "zod";
import { AssignmentState } from "./deployment.ts";
import {
  AssignmentId,
  DeploymentId,
  DeviceId,
  EnrolmentTokenId,
  GroupId,
  PreauthorisationId,
} from "./ids.ts";
import { HardwareType, Instant, ProductName, Provides, ReleaseVersion, Sha256 } from "./names.ts";

/** `pending` asked to join; `accepted` takes updates; `rejected` may ask again after an operator changes it; `decommissioned` never. */
export const DeviceState = z.enum(["pending", "accepted", "rejected", "decommissioned"]);
export type DeviceState = z.infer<typeof DeviceState>;

/** What protects a device's updates. */
export const DeviceTrustLevel = z.object({
  /** `unknown`: its client has not said what it verifies. */
  level: z.enum(["end-to-end", "payload-signed", "server-trusted", "unknown"]),
  /** One plain sentence. */
  why: z.string(),
  /** Of the newest root of trust that the device said it accepted; null when it did not say. */
  rootVersion: z.int().min(1).nullable(),
});
export type DeviceTrustLevel = z.infer<typeof DeviceTrustLevel>;

/** Whether a device checks in as it should; where `late` and `silent` begin hangs on the server's check-in interval. */
export const DeviceContact = z.enum(["never-seen", "on-time", "late", "silent"]);
export type DeviceContact = z.infer<typeof DeviceContact>;

/** What tells this device from others, given by its maker: serial number, MAC address, ... */
export const DeviceIdentity = z
  .record(z.string().min(1).max(64), z.string().min(1).max(256))
  .refine((identity) => {
    const count = Object.keys(identity).length;
    return count >= 1 && count <= 16;
  }, "between 1 and 16 identity attributes");
export type DeviceIdentity = z.infer<typeof DeviceIdentity>;

/** Named attributes a device reports about itself. Hostile input: shown as text, never interpreted. */
export const Inventory = z
  .record(z.string().min(1).max(128), z.string().max(4096))
  .refine((attributes) => Object.keys(attributes).length <= 200, "at most 200 attributes");
export type Inventory = z.infer<typeof Inventory>;

/** What a plan may say to devices about the steps of their updates. */
export const UnheededTerm = z.enum(["consent", "download-only", "step-windows"]);
export type UnheededTerm = z.infer<typeof UnheededTerm>;

/** What a device's client understands; facts for the planner's reasons, never a permission. */
export const ClientTraits = z.object({
  /** For people: `moult-agent/0.1.0`. */
  client: z.string().max(128),
  /** Payload types it can install. Null: it does not say, and finds out itself (Mender's clients). */
  payloadTypes: z.array(z.string().max(128)).max(100).nullable(),
  /** It refuses artifacts whose path does not start with this (its provisioned policy). */
  pathPrefix: z.string().max(256),
  /** It can give up an offer that it has not begun to install. */
  canAbort: z.boolean(),
  /**
   * `end-to-end`: installs only what offline keys signed (TUF) and a signed, fresh, device-addressed instruction asks for.
   * The others are clients of other protocols, which get no instruction.
   */
  trust: z.enum(["end-to-end", "payload-signed", "server-trusted"]),
  /** It takes the files of a payload alone and cannot read artifacts (hawkBit's devices). */
  bareFiles: z.boolean().optional(),
  /** What it cannot be told, and so would not keep to. */
  cannotKeep: z.array(UnheededTerm).max(3).optional(),
  /** Of the newest root of trust that it has accepted. */
  rootVersion: z.int().min(1).optional(),
  /** It refuses releases that were signed with a lower one. */
  securityCounter: z.int().min(0).optional(),
});
export type ClientTraits = z.infer<typeof ClientTraits>;

/** What a device says it really runs, after its last commit. */
export const Running = z.object({
  artifactName: z.string().max(256),
  provides: Provides,
});
export type Running = z.infer<typeof Running>;

/** The update that a device is in, as it last reported. */
export const DeviceUpdate = z.object({
  assignmentId: AssignmentId,
  deploymentId: DeploymentId,
  version: ReleaseVersion,
  state: AssignmentState,
  progressPercent: z.int().min(0).max(100).nullable(),
});
export type DeviceUpdate = z.infer<typeof DeviceUpdate>;

/** A person's word that no deployment offers a device anything. */
export const DeviceHold = z.object({
  /** Why, for whoever asks. */
  note: z.string(),
  by: z.string(),
  since: Instant,
  /** Null: until a person releases the device. */
  until: Instant.nullable(),
});
export type DeviceHold = z.infer<typeof DeviceHold>;

/** A device as operators see it. */
export const Device = z.object({
  id: DeviceId,
  name: z.string().nullable(),
  product: ProductName,
  hardwareType: HardwareType,
  identity: DeviceIdentity,
  /** SHA-256 of the DER SubjectPublicKeyInfo of its accepted key. */
  keyFingerprint: Sha256.nullable(),
  /** A key that asked to be this device's and waits for an operator: a new device, or a machine that was set up again. */
  pendingKeyFingerprint: Sha256.nullable(),
  state: DeviceState,
  /** Set while two machines speak with this device's key; cleared by accepting the device again. */
  identityConflictAt: Instant.nullable(),
  /** Null also once its time is over. */
  hold: DeviceHold.nullable(),
  running: Running.nullable(),
  traits: ClientTraits.nullable(),
  trustLevel: DeviceTrustLevel,
  groupIds: z.array(GroupId),
  /** The update it is in, if any. */
  openAssignmentId: AssignmentId.nullable(),
  update: DeviceUpdate.nullable(),
  enrolledAt: Instant,
  lastSeenAt: Instant.nullable(),
  contact: DeviceContact,
});
export type Device = z.infer<typeof Device>;

/** A device in a list, with those of its inventory attributes that the list was asked for. */
export const DeviceRow = Device.extend({ attributes: z.record(z.string(), z.string()) });
export type DeviceRow = z.infer<typeof DeviceRow>;

/** What people call a device: its name, or what its maker tells it by. */
export const deviceLabel = ({ name, identity }: Pick<Device, "name" | "identity">): string =>
  name ?? Object.values(identity).join(", ");

/** What a device ran, and from when to when. */
export const DeviceRunningEntry = z.object({
  artifactName: z.string(),
  since: Instant,
  until: Instant.nullable(),
});
export type DeviceRunningEntry = z.infer<typeof DeviceRunningEntry>;

/** A device (by key or by identity) that is accepted the moment it enrols. */
export const Preauthorisation = z.object({
  id: PreauthorisationId,
  product: ProductName,
  keyFingerprint: Sha256,
  identity: DeviceIdentity.nullable(),
  name: z.string().nullable(),
  /** Groups that the device is put into when it enrols; those that are gone by then are passed over. */
  groupIds: z.array(GroupId),
  createdAt: Instant,
  usedAt: Instant.nullable(),
});
export type Preauthorisation = z.infer<typeof Preauthorisation>;

/** A secret that lets devices of one product ask to join; the secret itself is shown once. */
export const EnrolmentToken = z.object({
  id: EnrolmentTokenId,
  product: ProductName,
  label: z.string(),
  /** Accepts at once instead of leaving the device pending. */
  accepts: z.boolean(),
  usesMax: z.int().min(1),
  uses: z.int().min(0),
  expiresAt: Instant,
  createdAt: Instant,
});
export type EnrolmentToken = z.infer<typeof EnrolmentToken>;

export const Group = z.object({
  id: GroupId,
  name: z.string(),
  product: ProductName,
  /** Of a dynamic group: its devices are those of the product that this query is true of. Null: those that were put into it. */
  query: z.string().nullable(),
  deviceCount: z.int().min(0),
  /** False where the devices of a query are too many to be counted at once; there are at least as many. */
  isCountExact: z.boolean(),
  createdAt: Instant,
});
export type Group = z.infer<typeof Group>;
