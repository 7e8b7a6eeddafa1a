import { Depends, HardwareType, Instant, PayloadFile, ReleaseVersion, Sha256 } from "@moult/model";
import * as z from "zod";
import { isoInstantMs } from "./iso-instant.ts";
import type { TargetEntry } from "./metadata.ts";

/** A dotted version of an agent, such as `1.4.0`. */
const AgentVersion = z.string().regex(/^[0-9]{1,6}(?:\.[0-9]{1,6}){0,3}$/);

/**
 * What the signers of a target say of it: the field `moult` in the target's `custom`. A device takes what it needs to
 * decide from here, never from the server.
 */
export const TargetCustom = z.object({
  /** The artifact name inside the artifact. */
  version: ReleaseVersion,
  hardwareTypes: z.array(HardwareType).min(1).max(256),
  component: z.literal("main"),
  format: z.literal("mender"),
  /** Coarse floor against going back: a device refuses a target whose counter is below its own. */
  securityCounter: z.int().min(0),
  /** Names to values of which the device must provide one. */
  requires: Depends,
  /** Names to values of which the device must provide none. */
  conflicts: Depends,
  minAgent: AgentVersion.optional(),
  notBefore: Instant.refine((text) => isoInstantMs(text) !== undefined).optional(),
  /** Of everything before the payload data, so that a device can judge the head before it reads on. */
  headSha256: Sha256,
  /** Uncompressed. */
  payloads: z
    .array(
      z.object({ type: z.string().max(256).nullable(), files: z.array(PayloadFile).max(4_096) }),
    )
    .max(256),
  sbomSha256: Sha256.optional(),
  provenanceSha256: Sha256.optional(),
});
export type TargetCustom = z.infer<typeof TargetCustom>;

/** What the signers say of a target, or `undefined` when they do not say it in this form. */
export function targetCustom(target: Pick<TargetEntry, "custom">): TargetCustom | undefined {
  const parsed = z.object({ moult: TargetCustom }).safeParse(target.custom);
  return parsed.success ? parsed.data.moult : undefined;
}
