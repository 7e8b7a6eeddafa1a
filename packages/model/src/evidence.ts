import * as z from "zod";
import { AssignmentId, DeploymentId, DeviceId, DeviceReceiptId, TenantId } from "./ids.ts";
import { Instant, ProductName, Sha256 } from "./names.ts";

/** What a device swore of one try, kept as it was sent. */
export const DeviceReceipt = z.object({
  id: DeviceReceiptId,
  assignmentId: AssignmentId,
  deploymentId: DeploymentId,
  attempt: z.int().min(1),
  /** As the device reported it beside the receipt. */
  outcome: z.string(),
  receivedAt: Instant,
  /** Why it proves nothing; null when its signature and its content hold. */
  problem: z.string().nullable(),
  /** DSSE envelope, as JSON text. */
  envelope: z.string(),
});
export type DeviceReceipt = z.infer<typeof DeviceReceipt>;

/** An event as the audit chain holds it, and where. */
const ChainedEvent = z.object({
  sequence: z.int().min(1),
  /** JSON: sequence, milliseconds since 1970, device, deployment, assignment, body. */
  text: z.string(),
  /** Number of its block; null while it is not sealed. */
  block: z.int().min(1).nullable(),
});

/** A run of events sealed together: `sha256` is over the one before it and `eventsSha256`. */
const AuditBlock = z.object({
  number: z.int().min(1),
  count: z.int().min(1),
  eventsSha256: Sha256,
  sha256: Sha256,
  /** Of its events in their order, where one of them is part of this evidence; else null. */
  eventDigests: z.array(Sha256).nullable(),
});

/** All that proves what became of a device's updates; `moult device receipts --verify` checks it without a server. */
export const DeviceEvidence = z.object({
  version: z.literal(1),
  exportedAt: Instant,
  tenantId: TenantId,
  device: z.object({
    id: DeviceId,
    name: z.string(),
    product: ProductName,
    /** Base64 of DER SubjectPublicKeyInfo keys that are, or were, the device's. */
    keys: z.array(z.object({ fingerprint: Sha256, publicKey: z.string(), state: z.string() })),
  }),
  /** The newest first. */
  receipts: z.array(DeviceReceipt),
  /** What was decided about the deployments that the receipts are of, and what the device reported of them. */
  events: z.array(ChainedEvent),
  /** Metadata files by name, as they were signed: every root, every targets, and the roles that receipts name. */
  metadata: z.record(z.string(), z.string()),
  audit: z.object({
    /** The chain before the first of these blocks. */
    previousSha256: Sha256,
    /** From the block of the first of these events to the newest. */
    blocks: z.array(AuditBlock),
  }),
});
export type DeviceEvidence = z.infer<typeof DeviceEvidence>;
