import { AppError } from "@moult/base";

/**
 * Why an artifact, a description of one, or a key was refused.
 *
 * - `source-failed`: the byte source itself threw (network, disk); the cause is its error. Nothing is known about the artifact.
 * - `artifact-truncated`: the source ended before the archive did.
 * - `limit-exceeded`: a bound of `ArtifactLimits` was hit; the context names it.
 * - `tar-invalid`, `compression-invalid`, `compression-unsupported`: the containers are not what they claim to be.
 * - `entry-unexpected`, `entry-missing`, `entry-name-refused`: the entries are not those of section 2, or not in its order.
 * - `version-unsupported`: not a Mender Artifact of version 3.
 * - `manifest-invalid`, `digest-mismatch`, `not-in-manifest`, `manifest-unmet`: the manifest does not describe the content.
 * - `header-invalid`: the JSON of the header is not what section 2.2 says.
 * - `signature-missing`, `signature-invalid`, `key-unusable`: section 2.3.
 * - `augmented-refused`: the artifact has augmented parts and the options do not allow them.
 * - `file-invalid`: a file of another format is not what it says it is.
 * - `description-invalid`, `payload-changed`: the writer's input is wrong, or changed while it was read twice.
 */
export type ArtifactErrorCode =
  | "source-failed"
  | "artifact-truncated"
  | "limit-exceeded"
  | "tar-invalid"
  | "compression-invalid"
  | "compression-unsupported"
  | "entry-unexpected"
  | "entry-missing"
  | "entry-name-refused"
  | "version-unsupported"
  | "manifest-invalid"
  | "digest-mismatch"
  | "not-in-manifest"
  | "manifest-unmet"
  | "header-invalid"
  | "signature-missing"
  | "signature-invalid"
  | "key-unusable"
  | "augmented-refused"
  | "file-invalid"
  | "description-invalid"
  | "payload-changed";

/** The one error of this package. Where the input has entries, `context.entry` says which one was at fault. */
export class ArtifactError extends AppError<ArtifactErrorCode> {}
