import { utf8, type Clock } from "@moult/base";
import {
  INSTRUCTION_LIFETIME_MS_MAX,
  INSTRUCTION_PAYLOAD_TYPE,
  Instruction,
  encodeEnvelope,
  parseJson,
  preAuthenticationEncoding,
} from "@moult/trust";
import { offerRefusal, type OfferRefusal } from "./derive-offer.ts";
import type { OfferSource } from "./queries.ts";
import type { SigningKey } from "./signing-key.ts";

export type SigningRefusal =
  | OfferRefusal
  | "instruction-malformed"
  | "lifetime-invalid"
  | "issued-at-another-time"
  | "rate-cap";

export type SigningResult =
  | { readonly kind: "signed"; readonly envelope: string }
  | { readonly kind: "refused"; readonly reason: SigningRefusal };

export interface InstructionSignerDeps {
  readonly key: SigningKey;
  readonly offers: OfferSource;
  readonly clock: Clock;
  /** Takes one install under the cap; nothing-to-do is exempt. */
  readonly takeInstall: () => boolean;
}

/** The server and its signer share a clock, but a message may wait. */
const ISSUED_AT_TOLERANCE_MS = 5 * 60_000;

/**
 * Signs an instruction that the signer would give itself: well-formed, short-lived, of now, and for an install the same
 * offer that its own read-only view of the database gives. What is signed is the signer's own serialisation of what it
 * checked, so no byte that it did not understand gets its signature.
 */
export function createInstructionSigner({
  key,
  offers,
  clock,
  takeInstall,
}: InstructionSignerDeps) {
  return async (text: string): Promise<SigningResult> => {
    const instruction = parseJson(utf8(text), Instruction);
    if (instruction === undefined) return { kind: "refused", reason: "instruction-malformed" };

    const reason =
      timeRefusal(instruction, clock) ??
      (await actionRefusal(instruction, offers)) ??
      (instruction.action.kind === "install" && !takeInstall() ? "rate-cap" : undefined);
    if (reason !== undefined) return { kind: "refused", reason };

    const payload = utf8(JSON.stringify(instruction));
    const signature = key.sign(preAuthenticationEncoding(INSTRUCTION_PAYLOAD_TYPE, payload));
    return {
      kind: "signed",
      envelope: encodeEnvelope(INSTRUCTION_PAYLOAD_TYPE, payload, [{ keyid: "", signature }]),
    };
  };
}

function timeRefusal(instruction: Instruction, clock: Clock): SigningRefusal | undefined {
  const { issuedAtMs, expiresAtMs } = instruction;
  if (expiresAtMs <= issuedAtMs || expiresAtMs - issuedAtMs > INSTRUCTION_LIFETIME_MS_MAX)
    return "lifetime-invalid";
  if (Math.abs(issuedAtMs - clock.now()) > ISSUED_AT_TOLERANCE_MS) return "issued-at-another-time";
  return undefined;
}

async function actionRefusal(
  instruction: Instruction,
  offers: OfferSource,
): Promise<SigningRefusal | undefined> {
  const { action } = instruction;
  if (action.kind === "nothing-to-do") return undefined;
  return offerRefusal(
    instruction,
    action,
    await offers.find(instruction.tenantId, action.assignmentId),
  );
}
