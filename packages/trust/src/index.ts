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
