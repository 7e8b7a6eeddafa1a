import type {
  ArtifactId,
  AssignmentId,
  ChannelName,
  DeploymentId,
  DeviceId,
  DeviceReceiptId,
  ProductName,
  Sha256,
  TenantId,
  TrustProposalId,
  TrustProposalState,
  TrustRole,
  TrustWarning,
  WebhookDeliveryId,
} from "@moult/model";

// The tables of signing metadata and of what proves what happened; part of schema.ts, with the same conventions.

/** Milliseconds since the epoch. */
type At = number;
/** JSON text. */
type Json = string;

/** A metadata file of the tenant's TUF repository, byte for byte as it was signed. */
interface TrustFileTable {
  tenant_id: TenantId;
  role: TrustRole;
  version: number;
  /** The name it is fetched by. */
  file: string;
  content: string;
  sha256: Sha256;
  size_bytes: number;
  expires_at: At;
  /** Null while it is staged: the signer counts it, nobody else sees it. */
  published_at: At | null;
}

/** What is published of each role now. */
export interface TrustRoleTable {
  tenant_id: TenantId;
  role: TrustRole;
  product: ProductName | null;
  channel: ChannelName | null;
  version: number;
  expires_at: At;
  threshold: number;
  keyids: Json;
  target_count: number;
  /** The last warning about its end that was given. */
  warned: TrustWarning | null;
}

/** The artifacts that may be installed: those that a published role lists. */
interface TrustTargetTable {
  tenant_id: TenantId;
  path: string;
  artifact_id: ArtifactId;
  role: TrustRole;
  role_version: number;
  /** What its signers allow it for; all null in rows from before these were kept. */
  security_counter: number | null;
  conflicts: Json | null;
  min_agent: string | null;
  not_before: At | null;
}

export interface TrustProposalTable {
  id: TrustProposalId;
  tenant_id: TenantId;
  state: TrustProposalState;
  note: string;
  created_by: string;
  created_at: At;
  closed_at: At | null;
}

interface TrustProposalFileTable {
  tenant_id: TenantId;
  proposal_id: TrustProposalId;
  role: TrustRole;
  version: number;
  expires_at: At;
  /** What the signatures are over, before it is made canonical. */
  signed: Json;
}

interface TrustProposalSignatureTable {
  tenant_id: TenantId;
  proposal_id: TrustProposalId;
  role: TrustRole;
  keyid: string;
  sig: string;
  added_by: string;
  added_at: At;
}

/** What a device swore of one try, as it was sent. */
export interface DeviceReceiptTable {
  id: DeviceReceiptId;
  tenant_id: TenantId;
  device_id: DeviceId;
  assignment_id: AssignmentId;
  deployment_id: DeploymentId;
  attempt: number;
  outcome: string;
  envelope: string;
  /** Why it proves nothing. */
  problem: string | null;
  received_at: At;
}

/** Events in their order, sealed together over those before them. */
interface AuditBlockTable {
  tenant_id: TenantId;
  number: number;
  first_sequence: number;
  last_sequence: number;
  event_count: number;
  events_sha256: Sha256;
  sha256: Sha256;
  sealed_at: At;
}

interface WebhookCursorTable {
  tenant_id: TenantId;
  /** Names the receiver by its address. */
  webhook: string;
  /** Of the last event that was looked at for it. */
  sequence: number;
}

interface WebhookDeliveryTable {
  id: WebhookDeliveryId;
  tenant_id: TenantId;
  webhook: string;
  sequence: number;
  body: string;
  attempts: number;
  /** When it is due; while somebody delivers it, when the next one may. */
  next_at: At;
  created_at: At;
}

export interface TrustSchema {
  webhook_cursor: WebhookCursorTable;
  webhook_delivery: WebhookDeliveryTable;
  device_receipt: DeviceReceiptTable;
  audit_block: AuditBlockTable;
  trust_file: TrustFileTable;
  trust_role: TrustRoleTable;
  trust_target: TrustTargetTable;
  trust_proposal: TrustProposalTable;
  trust_proposal_file: TrustProposalFileTable;
  trust_proposal_signature: TrustProposalSignatureTable;
}
