import * as z from "zod";
import { ArtifactId, ReleaseId } from "./ids.ts";
import {
  ChannelName,
  Depends,
  HardwareType,
  Instant,
  ProductName,
  Provides,
  ReleaseVersion,
  Sha256,
} from "./names.ts";
import { ArtifactTrust } from "./trust.ts";

export const Product = z.object({
  name: ProductName,
  title: z.string(),
  /** Artifacts without a valid signature by one of `artifactKeys` are refused at upload. */
  requireSignature: z.boolean(),
  /** PEM SubjectPublicKeyInfo keys that may sign this product's artifacts. */
  artifactKeys: z.array(z.string().max(4096)),
  createdAt: Instant,
});
export type Product = z.infer<typeof Product>;

export const PayloadFile = z.object({
  name: z.string(),
  sizeBytes: z.int().min(0),
  sha256: Sha256,
  /** Set where clients that take the file alone, without its artifact, can have it. */
  bare: z
    .object({
      /** Where its bytes begin in the artifact. */
      storedAt: z.int().min(0),
      sha1: z.string().regex(/^[0-9a-f]{40}$/),
      md5: z.string().regex(/^[0-9a-f]{32}$/),
    })
    .optional(),
});
export type PayloadFile = z.infer<typeof PayloadFile>;

/** Payload types whose files mean something without their artifact: of SWUpdate, of RAUC, and whatever else. */
export const BARE_PAYLOAD_TYPES: readonly string[] = ["swu", "rauc", "raw-file"];

/** Which other makers' client an artifact's payload is a file of; null: it is for those that read artifacts. */
export function bareTypeOf(payloads: readonly { readonly type: string | null }[]): string | null {
  const type = payloads.length === 1 ? (payloads[0]?.type ?? null) : null;
  return type !== null && BARE_PAYLOAD_TYPES.includes(type) ? type : null;
}

export const Payload = z.object({
  /** Update-module type; null for an empty payload. */
  type: z.string().nullable(),
  files: z.array(PayloadFile),
});
export type Payload = z.infer<typeof Payload>;

/** `verified`: by one of the product's keys. `unverified`: signed, but the product names no key to check it with. */
export const ArtifactSignature = z.enum(["unsigned", "verified", "unverified"]);
export type ArtifactSignature = z.infer<typeof ArtifactSignature>;

/** One update file of a release. A release has one artifact per (hardware types, depends, `bareTypeOf` its payloads). */
export const Artifact = z.object({
  id: ArtifactId,
  /** Where the device's policy and TUF delegations look: `<product>/<channel>/<version>/<sha256>.mender`. */
  path: z.string(),
  sha256: Sha256,
  sizeBytes: z.int().min(1),
  /** Digest of everything before the payload data. */
  headSha256: Sha256,
  hardwareTypes: z.array(HardwareType).min(1),
  depends: Depends,
  provides: Provides,
  clearsProvides: z.array(z.string()),
  payloads: z.array(Payload),
  scripts: z.array(z.string()),
  signature: ArtifactSignature,
  trust: ArtifactTrust,
  createdAt: Instant,
});
export type Artifact = z.infer<typeof Artifact>;

export const Release = z.object({
  id: ReleaseId,
  product: ProductName,
  channel: ChannelName,
  version: ReleaseVersion,
  notes: z.string(),
  /** It is offered to devices that run at least this; null: whatever they run. */
  minimumFrom: ReleaseVersion.nullable(),
  /** Later releases of its channel are offered only to devices that run it or one after it. */
  mustPassThrough: z.boolean(),
  artifacts: z.array(Artifact),
  createdAt: Instant,
});
export type Release = z.infer<typeof Release>;

/** The path an artifact is published under; the only place that builds one. */
export function artifactPath(
  product: ProductName,
  channel: ChannelName,
  version: ReleaseVersion,
  sha256: Sha256,
): string {
  return `${product}/${channel}/${version}/${sha256}.mender`;
}
