import { AssignmentId, DeploymentId, DeviceId, Sha256, TenantId } from "@moult/model";
import * as z from "zod";
import { AttemptOutcome } from "./messages.ts";

/** Of the DSSE envelope that a receipt travels in; signed by the device's key. */
export const RECEIPT_PAYLOAD_TYPE = "application/vnd.moult.receipt.v1+json";

/**
 * What a device swears came of one attempt: which signed instruction asked for it, whose signed metadata vouched for the
 * artifact, and what runs now. The server keeps it as it came, so that anybody who knows the device's key can check it
 * without trusting the server.
 */
export const Receipt = z.object({
  type: z.literal("receipt"),
  tenantId: TenantId,
  deviceId: DeviceId,
  assignmentId: AssignmentId,
  deploymentId: DeploymentId,
  attempt: z.int().min(1),
  outcome: AttemptOutcome,
  code: z.string().max(64).optional(),
  /** As the instruction named it. */
  artifactName: z.string().min(1).max(256),
  path: z.string().max(512),
  sizeBytes: z.int().min(1),
  sha256: Sha256,
  /** Of the instruction. */
  generation: z.int().min(1),
  /** Of the instruction's whole envelope, as it was sent. */
  instructionSha256: Sha256,
  /** Of the newest root the device trusted when it made this. */
  rootVersion: z.int().min(0),
  /** The role that listed the target, and its version; null when the device did not get as far as finding it. */
  role: z.string().max(256).nullable(),
  roleVersion: z.int().min(1).nullable(),
  /** The device's own, after this attempt: it takes nothing below it. */
  securityCounter: z.int().min(0),
  /** What runs now; `digest` is `runningDigest`, as in check-ins. */
  running: z.object({ artifactName: z.string().max(256), digest: Sha256 }),
  /** By the device's clock, which may be wrong. */
  finishedAtMs: z.int().min(0),
});
export type Receipt = z.infer<typeof Receipt>;
