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
import type { PublishedTargets, TargetRefusal } from "./published-targets.ts";
import type { KeySigner } from "@moult/signing";
import type { TakeInstall } from "./rate-cap.ts";
import type { TakeDevice } from "./share-cap.ts";

export type SigningRefusal =
  | OfferRefusal
  | TargetRefusal
  | "instruction-malformed"
  | "lifetime-invalid"
  | "issued-at-another-time"
  | "share-cap"
  | "rate-cap";

export type SigningResult =
  | { readonly kind: "signed"; readonly envelope: string }
  | { readonly kind: "refused"; readonly reason: SigningRefusal };

export interface InstructionSignerDeps {
  readonly key: KeySigner;
  readonly offers: OfferSource;
  readonly targets: PublishedTargets;
  readonly clock: Clock;
  /** Takes one install under the cap; nothing-to-do is exempt. */
  readonly takeInstall: TakeInstall;
  readonly takeDevice: TakeDevice;
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
  targets,
  clock,
  takeInstall,
  takeDevice,
}: InstructionSignerDeps) {
  return async (text: string): Promise<SigningResult> => {
    const instruction = parseJson(utf8(text), Instruction);
    if (instruction === undefined) return { kind: "refused", reason: "instruction-malformed" };

    const reason =
      timeRefusal(instruction, clock) ??
      (await actionRefusal(instruction, offers, targets)) ??
      (await capRefusal(instruction, takeInstall, takeDevice));
    if (reason !== undefined) return { kind: "refused", reason };

    const payload = utf8(JSON.stringify(instruction));
    const signature = await key.sign(preAuthenticationEncoding(INSTRUCTION_PAYLOAD_TYPE, payload));
    return {
      kind: "signed",
      envelope: encodeEnvelope(INSTRUCTION_PAYLOAD_TYPE, payload, [{ keyid: "", signature }]),
    };
  };
}

async function capRefusal(
  { tenantId, deviceId, action }: Instruction,
  takeInstall: TakeInstall,
  takeDevice: TakeDevice,
): Promise<SigningRefusal | undefined> {
  if (action.kind === "nothing-to-do") return undefined;
  const [product = ""] = action.components[0]?.path.split("/") ?? [];
  if (!(await takeDevice(tenantId, product, deviceId))) return "share-cap";
  return takeInstall(action.assignmentId, action.attempt) ? undefined : "rate-cap";
}

function timeRefusal(instruction: Instruction, clock: Clock): SigningRefusal | undefined {
  const { issuedAtMs, expiresAtMs } = instruction;
  if (expiresAtMs <= issuedAtMs || expiresAtMs - issuedAtMs > INSTRUCTION_LIFETIME_MS_MAX)
    return "lifetime-invalid";
  if (Math.abs(issuedAtMs - clock.now()) > ISSUED_AT_TOLERANCE_MS) return "issued-at-another-time";
  return undefined;
}

async function actionRefusal(
  { tenantId, ...instruction }: Instruction,
  offers: OfferSource,
  targets: PublishedTargets,
): Promise<SigningRefusal | undefined> {
  const { action } = instruction;
  if (action.kind === "nothing-to-do") return undefined;
  const offer = await offers.find(tenantId, action.assignmentId);
  const refusal = offerRefusal({ tenantId, ...instruction }, action, offer);
  if (refusal !== undefined) return refusal;
  for (const component of action.components) {
    const unpublished = await targets.refusal(tenantId, component);
    if (unpublished !== undefined) return unpublished;
  }
  return undefined;
}
