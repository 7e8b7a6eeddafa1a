export {
  LIFETIME_MS,
  newRole,
  newRoot,
  newSnapshot,
  newTargets,
  newTimestamp,
  type ChannelRole,
  type KeyGroup,
  type RootContent,
} from "./build-metadata.ts";
export { createKeyFile, openKeyFile, readKeyFile, type NewKey } from "./key-file.ts";
export {
  named,
  publicKeyOf,
  tufKeyOf,
  type KeyKind,
  type KeySigner,
  type NamedKey,
} from "./key-material.ts";
export { openKeySigner, type KeySignerOptions } from "./open-key-signer.ts";
export { review, type Reviewed, type ReviewFinding } from "./review.ts";
export { countSignatures, signMetadata, type SignatureCount } from "./sign-metadata.ts";
export { SigningError } from "./signing-error.ts";
