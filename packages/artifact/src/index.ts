export { ArtifactError, type ArtifactErrorCode } from "./artifact-error.ts";
export type {
  ArtifactAugment,
  ArtifactHead,
  ArtifactPayload,
  ArtifactScript,
  ArtifactSignature,
  ArtifactSummary,
  Compression,
  Depends,
  ExpectedFile,
  JsonObject,
  JsonValue,
  Provides,
  VerifiedArtifact,
  VerifiedFile,
} from "./artifact-head.ts";
export { ARTIFACT_LIMITS, type ArtifactLimits } from "./artifact-limits.ts";
export {
  applyProvides,
  incompatibilities,
  isCompatible,
  type Incompatibility,
  type ProvidesChange,
} from "./provides.ts";
export {
  generateSigningKey,
  publicKeyPemOf,
  signerFromPem,
  verifyKeyFromPem,
  type ManifestSigner,
  type SigningKeyKind,
  type SigningKeyPair,
  type VerifyKey,
} from "./signing-key.ts";
export {
  inspectArtifact,
  readArtifact,
  verifyArtifact,
  type ArtifactReadOptions,
  type ArtifactReading,
  type PayloadFileReading,
} from "./read-artifact.ts";
export {
  payloadFileFromBytes,
  payloadFileFromPath,
  type ArtifactDescription,
  type PayloadDescription,
  type PayloadFileSource,
  type ScriptDescription,
} from "./artifact-description.ts";
export type { WrittenCompression } from "./compress.ts";
export { signArtifact } from "./sign-artifact.ts";
export {
  prepareArtifact,
  writeArtifact,
  type ArtifactWriteOptions,
  type PreparedArtifact,
} from "./write-artifact.ts";
export { crc32 } from "./crc32.ts";
export { foreignArtifact, inspectForeignFile, type ForeignFile } from "./foreign/foreign-file.ts";
export type { FileSource } from "./foreign/file-source.ts";
