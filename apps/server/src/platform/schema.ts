import type {
  ArtifactId,
  AssignmentId,
  AssignmentState,
  BulkChangeId,
  ChannelName,
  DeploymentId,
  DeploymentState,
  DeviceId,
  DeviceState,
  EnrolmentTokenId,
  GroupId,
  HardwareType,
  Outcome,
  PreauthorisationId,
  ProductName,
  ReleaseId,
  ReleaseVersion,
  SafeguardId,
  Sha256,
  TenantId,
  UploadId,
  UploadState,
  UserId,
} from "@moult/model";
import type { ArtifactSignature } from "@moult/model";
import type { Generated } from "kysely";
import type { OperatorSchema } from "./operator-schema.ts";
import type { TargetSchema } from "./target-schema.ts";
import type { ControllerSchema } from "./controller-schema.ts";
import type { LimitsSchema } from "./limits-schema.ts";
import type { TrustSchema } from "./trust-schema.ts";

// The tables, as migrations/ make them, on both dialects alike (docs/decisions/0003): text, bigint and integer only.
// Instants are milliseconds since the epoch, flags 0 or 1, structures JSON text that queries.ts parses.

/** Milliseconds since the epoch. */
type At = number;
/** JSON text. */
type Json = string;
type Flag = 0 | 1;

interface TenantTable {
  id: TenantId;
  name: string;
  /** Raised by whatever could change an answer to any of the tenant's devices. */
  planning_epoch: number;
  /** By when it is raised for changes that can wait; null: there are none. */
  planning_epoch_due_at: Generated<At | null>;
  assignment_number: number;
  deployment_number: number;
  controller_action_number: Generated<number>;
  created_at: At;
  /** Since when, and until when, devices could be heard without a break. */
  heard_since: Generated<At | null>;
  heard_until: Generated<At | null>;
}

export interface ProductTable {
  tenant_id: TenantId;
  name: ProductName;
  title: string;
  require_signature: Flag;
  artifact_keys: Json;
  created_at: At;
}

export interface DeviceTable {
  id: DeviceId;
  tenant_id: TenantId;
  product: ProductName;
  hardware_type: HardwareType;
  name: string | null;
  identity: Json;
  /** SHA-256 of the canonical identity: one device per identity and product. */
  identity_sha256: Sha256;
  /** Lower-case text that a search looks through. */
  search_text: string;
  /** The first line of the search text, by which people find a device in a list. */
  sort_name: Generated<string>;
  state: DeviceState;
  /** Its stable random number in [1, 2^31 - 2]; with a deployment's salt it gives the device's place in that deployment. */
  draw: number;
  /** Sessions of an older epoch are void. */
  credential_epoch: number;
  identity_conflict_at: At | null;
  instance_id: string | null;
  previous_instance_id: string | null;
  traits: Json | null;
  /** Of `traits`; devices with equal ones are of one class. */
  traits_sha256: Sha256 | null;
  running_artifact: string | null;
  /** The order of what it runs among versions (`orderKey`). */
  running_order_key: Generated<string | null>;
  running_provides: Json | null;
  running_sha256: Sha256 | null;
  inventory_sha256: Sha256 | null;
  /** Its circumstances as it last said them; equal ones are equal texts. */
  context: Generated<Json | null>;
  context_sha256: Generated<Sha256 | null>;
  /** When it last said other ones. */
  context_at: Generated<At | null>;
  /** The instruction's counter: max(stored, reported) + 1 with each signed answer. */
  generation: number;
  /** The tenant's planning epoch that the last answer was decided at. */
  decided_epoch: number;
  /** When time alone may change the answer. */
  next_decision_at: At | null;
  open_assignment_id: AssignmentId | null;
  enrolled_at: At;
  accepted_at: At | null;
  last_seen_at: At | null;
  /** When the period began that its longest pause is of. */
  habit_since: Generated<At | null>;
  habit_longest: Generated<number>;
  /** Of the period before; null: it was not watched for a whole one. */
  habit_longest_before: Generated<number | null>;
}

interface DeviceKeyTable {
  fingerprint: Sha256;
  tenant_id: TenantId;
  device_id: DeviceId;
  /** Base64 of the DER SubjectPublicKeyInfo. */
  public_key: string;
  state: "pending" | "accepted" | "rejected" | "revoked";
  created_at: At;
}

interface DeviceAttributeTable {
  tenant_id: TenantId;
  /** Its device's, which never changes. */
  product: ProductName;
  device_id: DeviceId;
  name: string;
  value: string;
  /** The value's place in the order of versions (`orderKey`). */
  order_key: Generated<string>;
}

/** What a device ran, and from when to when. */
interface DeviceRunTable {
  tenant_id: TenantId;
  device_id: DeviceId;
  artifact_name: string;
  since: At;
  until: At | null;
}

export interface EnrolmentTokenTable {
  id: EnrolmentTokenId;
  tenant_id: TenantId;
  product: ProductName;
  label: string;
  secret_sha256: Sha256;
  accepts: Flag;
  uses_max: number;
  uses: number;
  expires_at: At;
  created_at: At;
}

export interface PreauthorisationTable {
  id: PreauthorisationId;
  tenant_id: TenantId;
  product: ProductName;
  key_fingerprint: Sha256;
  identity: Json | null;
  name: string | null;
  /** Array of group ids; null: none. */
  group_ids: Json | null;
  created_at: At;
  used_at: At | null;
}

export interface DeviceGroupTable {
  id: GroupId;
  tenant_id: TenantId;
  product: ProductName;
  name: string;
  /** Which devices are in it; null: those that were put into it. */
  query: Generated<string | null>;
  created_at: At;
}

interface DeviceGroupMemberTable {
  tenant_id: TenantId;
  group_id: GroupId;
  device_id: DeviceId;
}

export interface BulkChangeTable {
  id: BulkChangeId;
  tenant_id: TenantId;
  action: Json;
  /** `gathering`: its devices are still being written down, and it does not count yet. */
  state: "gathering" | "running" | "finished";
  total: number;
  done: number;
  changed: number;
  unchanged: number;
  refused: Json;
  created_by: string;
  created_at: At;
  finished_at: At | null;
}

/** The devices that a bulk change has yet to come to. */
interface BulkChangeMemberTable {
  tenant_id: TenantId;
  bulk_change_id: BulkChangeId;
  device_id: DeviceId;
}

export interface ReleaseTable {
  id: ReleaseId;
  tenant_id: TenantId;
  product: ProductName;
  channel: ChannelName;
  version: ReleaseVersion;
  notes: string;
  minimum_from: ReleaseVersion | null;
  must_pass_through: Generated<0 | 1>;
  created_at: At;
}

export interface SafeguardTable {
  id: SafeguardId;
  tenant_id: TenantId;
  release_id: ReleaseId;
  query: string;
  note: string;
  created_by: string;
  created_at: At;
  lifted_by: string | null;
  lifted_at: At | null;
}

export interface ArtifactTable {
  id: ArtifactId;
  tenant_id: TenantId;
  release_id: ReleaseId;
  path: string;
  sha256: Sha256;
  size_bytes: number;
  head_sha256: Sha256;
  hardware_types: Json;
  depends: Json;
  provides: Json;
  clears_provides: Json;
  payloads: Json;
  scripts: Json;
  signature: ArtifactSignature;
  created_at: At;
}

/** One artifact per (release, hardware type, depends). */
interface ArtifactFitTable {
  tenant_id: TenantId;
  release_id: ReleaseId;
  hardware_type: HardwareType;
  /** `fitDigest`. */
  depends_sha256: Sha256;
  artifact_id: ArtifactId;
}

export interface DeploymentTable {
  id: DeploymentId;
  tenant_id: TenantId;
  number: number;
  name: string;
  product: ProductName;
  release_id: ReleaseId;
  version: ReleaseVersion;
  target_kind: "all" | "group" | "query" | "devices";
  target_group_id: GroupId | null;
  /** Its own query; or its group's, as long as the deployment is not over, then as it was; null for every other target. */
  target_query: Generated<string | null>;
  /** Whether its devices are those that were in the target when it was created. */
  target_frozen: Generated<Flag>;
  /** `StoredTargetTerms`; null when nothing narrows the target. */
  target_terms: Generated<Json | null>;
  named_stages: Generated<Json | null>;
  plan: Json;
  /** The plan's. */
  priority: Generated<number>;
  state: DeploymentState;
  stage: number;
  stage_opened_at: At;
  /** In [1, 2^31 - 2]: place of a device = (draw * salt) mod (2^31 - 1). */
  salt: number;
  /** When a person let devices install what they have downloaded. */
  installation_opened_at: Generated<At | null>;
  trip: Json | null;
  /** Ends that an operator has waved through by resuming, by kind. */
  waived: Json | null;
  /** The deployment whose devices this one takes back. */
  rollback_of: Generated<DeploymentId | null>;
  /** Who had its own devices taken back, and to where. */
  rollback_order: Generated<Json | null>;
  /** Sentences: why some of its own devices cannot be taken back. */
  rollback_problems: Generated<Json | null>;
  admitted: number;
  open: number;
  succeeded: number;
  already_running: number;
  failed: number;
  rolled_back: number;
  rejected: number;
  timed_out: number;
  silent: number;
  aborted: number;
  /** Ever made, each try of a device being one. */
  offers: Generated<number>;
  offered_bytes: Generated<number>;
  opened_with_offers: Generated<number>;
  opened_with_succeeded: Generated<number>;
  created_by: string;
  /** Who must not approve it; null when it was made by no person. */
  created_by_user: Generated<UserId | null>;
  /** The approvals of its stages. */
  approvals: Generated<Json | null>;
  /** How many stages, from the first on, lack none. */
  approved_stages: Generated<number>;
  created_at: At;
  finished_at: At | null;
  /** Of a large target: how many devices are where, counted from time to time so that no device waits for it. */
  census: Json | null;
  /** How many events its chain holds, and the chain after the last. */
  chain_number: Generated<number>;
  chain_sha256: Generated<string>;
}

/** The devices of a deployment whose target is a list. */
interface DeploymentDeviceTable {
  tenant_id: TenantId;
  deployment_id: DeploymentId;
  device_id: DeviceId;
}

/** Devices that a person sent ahead, until they are offered it. */
interface DeploymentForcedTable {
  tenant_id: TenantId;
  deployment_id: DeploymentId;
  device_id: DeviceId;
  forced_by: string;
  forced_at: At;
}

export interface AssignmentTable {
  id: AssignmentId;
  tenant_id: TenantId;
  number: number;
  deployment_id: DeploymentId;
  device_id: DeviceId;
  artifact_id: ArtifactId | null;
  /** The artifact that the device ran when it was first offered this; null: it had not said. */
  ran_before: Generated<string | null>;
  /** Where it was counted when it got its offer; null where the plan limits no sites. */
  site: Generated<string | null>;
  stage: number;
  state: AssignmentState;
  attempt: number;
  /** Tries up to this one no longer count: a person gave the device its tries anew. */
  tries_after: Generated<number>;
  /** Of the last event of this attempt that the server has. */
  event_sequence: number;
  progress_percent: number | null;
  /** `Deferral`, while the device puts its next step off. */
  deferral: Json | null;
  /** Whether its device was told that the installation is open. */
  installation_told: Generated<Flag>;
  outcome: Outcome | null;
  code: string | null;
  detail: string | null;
  offered_at: At;
  /** When the device began what it is at, or went on with it after it had put it off. */
  phase_since: Generated<At>;
  updated_at: At;
  closed_at: At | null;
}

interface AttemptTable {
  tenant_id: TenantId;
  assignment_id: AssignmentId;
  attempt: number;
  started_at: At;
  finished_at: At | null;
  outcome: Outcome | null;
  code: string | null;
  detail: string | null;
  /** Why the signer did not sign its offer, the last time it did not. */
  signer_refusal: string | null;
}

interface AttemptLogTable {
  tenant_id: TenantId;
  assignment_id: AssignmentId;
  attempt: number;
  content: string;
}

/** What happened; appended in the transaction that made it happen. */
export interface EventTable {
  sequence: Generated<number>;
  tenant_id: TenantId;
  at: At;
  device_id: DeviceId | null;
  deployment_id: DeploymentId | null;
  assignment_id: AssignmentId | null;
  kind: string;
  body: Json;
  /** Of a deployment's event: its place in the deployment's chain, the chain after it, and what decided it. */
  chain_number: Generated<number | null>;
  chain_sha256: Generated<string | null>;
  inputs: Generated<Json | null>;
}

/** Parts of inputs that many events of a deployment share, by the SHA-256 of their text. */
interface DeploymentFactTable {
  tenant_id: TenantId;
  deployment_id: DeploymentId;
  sha256: string;
  content: Json;
}

/** A file that arrives in parts; its bytes are in the data folder under its id until it is an artifact. */
export interface UploadTable {
  id: UploadId;
  tenant_id: TenantId;
  /** Who began it; nobody else sees, continues or ends it. */
  user_id: UserId;
  product: ProductName;
  channel: ChannelName;
  file_name: string;
  /** What its sender calls it and what it fits, for a file that is no artifact; null: the file says so. */
  version: ReleaseVersion | null;
  hardware_types: Json | null;
  size_bytes: number;
  /** Flushed to the disk before they were counted. */
  received_bytes: number;
  state: UploadState;
  release_id: ReleaseId | null;
  artifact_id: ArtifactId | null;
  created: Flag | null;
  /** Why it was refused, or what holds it up. */
  problem: Json | null;
  created_at: At;
  expires_at: At;
}

export interface Schema
  extends ControllerSchema, LimitsSchema, OperatorSchema, TargetSchema, TrustSchema {
  tenant: TenantTable;
  product: ProductTable;
  device: DeviceTable;
  device_key: DeviceKeyTable;
  device_attribute: DeviceAttributeTable;
  device_run: DeviceRunTable;
  enrolment_token: EnrolmentTokenTable;
  preauthorisation: PreauthorisationTable;
  device_group: DeviceGroupTable;
  device_group_member: DeviceGroupMemberTable;
  bulk_change: BulkChangeTable;
  bulk_change_member: BulkChangeMemberTable;
  release: ReleaseTable;
  safeguard: SafeguardTable;
  artifact: ArtifactTable;
  artifact_fit: ArtifactFitTable;
  upload: UploadTable;
  deployment: DeploymentTable;
  deployment_device: DeploymentDeviceTable;
  deployment_forced: DeploymentForcedTable;
  assignment: AssignmentTable;
  attempt: AttemptTable;
  attempt_log: AttemptLogTable;
  event: EventTable;
  deployment_fact: DeploymentFactTable;
}
