export { AUDIT_CHAIN_START, auditBlock, auditLink, eventDigest } from "./audit-chain.ts";
export {
  DEPLOYMENT_CHAIN_START,
  PART_NAME,
  deploymentLink,
  entryFault,
  partsNamedIn,
  type ChainCheck,
  type ChainEntry,
  type EntryFault,
} from "./deployment-chain.ts";
export {
  ENVELOPE_BYTES_MAX,
  Envelope,
  encodeEnvelope,
  openEnvelope,
  parseJson,
  preAuthenticationEncoding,
  type EnvelopeRefusal,
  type OpenedEnvelope,
  type VerificationKey,
} from "./dsse.ts";
export {
  INSTRUCTION_LIFETIME_MS_MAX,
  INSTRUCTION_PAYLOAD_TYPE,
  Instruction,
  InstructionComponent,
  Report,
  isUnderPrefix,
  verifyInstruction,
  type InstructionPolicy,
  type InstructionRefusal,
  type VerifiedInstruction,
} from "./instruction.ts";
export { canonicalJson } from "./tuf/canonical-json.ts";
export { describeDiff, type DiffOptions, type Signed } from "./tuf/describe-diff.ts";
export {
  installRefusal,
  type InstallQuestion,
  type InstallRule,
  type InstallingDevice,
} from "./tuf/install-refusal.ts";
export { isoInstantMs } from "./tuf/iso-instant.ts";
export {
  DelegatedRole,
  Delegations,
  FileEntry,
  Hashes,
  INSTRUCTION_FIELD,
  MetadataFile,
  MetadataSignature,
  RoleKeys,
  RootMetadata,
  SnapshotMetadata,
  TargetEntry,
  TargetsMetadata,
  TimestampMetadata,
} from "./tuf/metadata.ts";
export { openTrust, type TrustOptions } from "./tuf/open-trust.ts";
export { signatureProblem, type Keyring } from "./tuf/signed-file.ts";
export { parseStrictJson, type StrictJson, type StrictObject } from "./tuf/strict-json.ts";
export { TargetCustom, targetCustom } from "./tuf/target-custom.ts";
export type { Role, TrustRefusal, TrustRule } from "./tuf/trust-rule.ts";
export type {
  RefreshResult,
  TargetResult,
  Trust,
  TrustState,
  TrustedRole,
  TrustedTarget,
} from "./tuf/trust.ts";
export type { TrustSource, TrustStore } from "./tuf/trust-ports.ts";
export { TufKey, tufKeyid, verificationKey } from "./tuf/tuf-key.ts";
