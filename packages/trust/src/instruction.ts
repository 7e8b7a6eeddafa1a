import { HOUR_MS, instant, type Crypto, type InstantMs } from "@moult/base";
import {
  AssignmentId,
  DeploymentId,
  DeviceId,
  Sha256,
  StepWindows,
  TenantId,
  UpdateMode,
} from "@moult/model";
import * as z from "zod";
import { openEnvelope, parseJson, type EnvelopeRefusal, type VerificationKey } from "./dsse.ts";

export const INSTRUCTION_PAYLOAD_TYPE = "application/vnd.moult.instruction.v1+json";

/** The longest an instruction may be acted on; a stolen answer is worthless after it. */
export const INSTRUCTION_LIFETIME_MS_MAX = 24 * HOUR_MS;

/** What a device asks the server to leave out until it changed, and the server may ask for again. */
export const Report = z.enum(["running", "inventory", "context"]);
export type Report = z.infer<typeof Report>;

/** The one part that every device has. */
const COMPONENT = "main";

/** One part of the device and the artifact it shall have. A device refuses a part that it does not have. */
export const InstructionComponent = z.object({
  name: z.string().max(64),
  /** Repository path of the artifact; the device's policy pins its prefix. */
  path: z.string().max(512),
  sizeBytes: z.int().min(1),
  sha256: Sha256,
});
export type InstructionComponent = z.infer<typeof InstructionComponent>;

/**
 * The signed answer to one check-in of one device: install exactly this, or nothing to do. `generation` grows with
 * every answer and a device refuses one that is not above its own; `nonce` repeats the check-in's, so an answer cannot be
 * replayed; `expiresAt` bounds how long it may be acted on.
 */
export const Instruction = z.object({
  type: z.literal("instruction"),
  tenantId: TenantId,
  deviceId: DeviceId,
  nonce: z.string().min(16).max(88),
  generation: z.int().min(1),
  issuedAtMs: z.int().min(0),
  expiresAtMs: z.int().min(0),
  action: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("nothing-to-do") }),
    z.object({
      kind: z.literal("install"),
      assignmentId: AssignmentId,
      deploymentId: DeploymentId,
      attempt: z.int().min(1),
      artifactName: z.string().min(1).max(256),
      components: z.array(InstructionComponent).min(1).max(1),
      /** When the device may begin the steps that follow its download; at any time unless told. */
      windows: StepWindows.optional(),
      /** What the device may have against it; its own reasons hold it unless told. */
      mode: UpdateMode.optional(),
    }),
  ]),
  /** Reports whose digest the server does not have the content of: send them with the next check-in. */
  ask: z.array(Report).max(8),
  /** When to check in next, unless something happens before. */
  checkInSeconds: z
    .int()
    .min(1)
    .max(7 * 86_400),
});
export type Instruction = z.infer<typeof Instruction>;

/** What a device knows when an answer arrives. */
export interface InstructionPolicy {
  readonly keys: readonly VerificationKey[];
  readonly tenantId: TenantId;
  readonly deviceId: DeviceId;
  /** Of the check-in that this answers. */
  readonly nonce: string;
  /** The highest generation this device has accepted. */
  readonly generation: number;
  /** Only artifacts under this path are this device's; provisioned, never changed by the server. */
  readonly pathPrefix: string;
}

export type InstructionRefusal =
  | EnvelopeRefusal
  | "instruction-malformed"
  | "other-tenant"
  | "other-device"
  | "wrong-nonce"
  | "generation-not-newer"
  | "lifetime-invalid"
  | "other-component"
  | "outside-path-prefix";

export type VerifiedInstruction =
  | {
      readonly kind: "verified";
      readonly instruction: Instruction;
      readonly issuedAt: InstantMs;
      /** How long it may be acted on, counted by the device from the moment it arrived. */
      readonly lifetimeMs: number;
      /** The key that signed it. */
      readonly key: VerificationKey;
    }
  | { readonly kind: "refused"; readonly reason: InstructionRefusal };

/**
 * Checks an answer to a check-in, signature first. Freshness comes from the nonce, not from the device's clock, which
 * may be wrong: the lifetime is counted from arrival.
 */
export function verifyInstruction(
  bytes: Uint8Array,
  policy: InstructionPolicy,
  crypto: Crypto,
): VerifiedInstruction {
  const opened = openEnvelope(bytes, INSTRUCTION_PAYLOAD_TYPE, policy.keys, crypto);
  if (opened.kind === "refused") return opened;
  const instruction = parseJson(opened.payload, Instruction);
  if (instruction === undefined) return { kind: "refused", reason: "instruction-malformed" };

  const reason = refusal(instruction, policy);
  if (reason !== undefined) return { kind: "refused", reason };
  return {
    kind: "verified",
    instruction,
    issuedAt: instant(instruction.issuedAtMs),
    lifetimeMs: instruction.expiresAtMs - instruction.issuedAtMs,
    key: opened.key,
  };
}

function refusal(
  instruction: Instruction,
  policy: InstructionPolicy,
): InstructionRefusal | undefined {
  if (instruction.tenantId !== policy.tenantId) return "other-tenant";
  if (instruction.deviceId !== policy.deviceId) return "other-device";
  if (instruction.nonce !== policy.nonce) return "wrong-nonce";
  if (instruction.generation <= policy.generation) return "generation-not-newer";
  const lifetimeMs = instruction.expiresAtMs - instruction.issuedAtMs;
  if (lifetimeMs <= 0 || lifetimeMs > INSTRUCTION_LIFETIME_MS_MAX) return "lifetime-invalid";
  if (instruction.action.kind === "install")
    for (const { name, path } of instruction.action.components) {
      if (name !== COMPONENT) return "other-component";
      if (!isUnderPrefix(path, policy.pathPrefix)) return "outside-path-prefix";
    }
  return undefined;
}

/** Whether `path` lies under `prefix`, segment by segment: no empty, `.` or `..` segment, no backslash, ASCII only. */
export function isUnderPrefix(path: string, prefix: string): boolean {
  if (prefix === "" || !prefix.endsWith("/") || !path.startsWith(prefix)) return false;
  if (!/^[A-Za-z0-9._+/-]+$/.test(path)) return false;
  return path.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..");
}
