import { utf8, type Crypto } from "@moult/base";
import { RECEIPT_PAYLOAD_TYPE, Receipt } from "@moult/device-protocol";
import type { DeviceEvidence, DeviceReceipt } from "@moult/model";
import {
  auditBlock,
  auditLink,
  eventDigest,
  openEnvelope,
  parseJson,
  type VerificationKey,
} from "@moult/trust";
import { vouchingProblem } from "./verify-metadata.ts";

/** What a check of evidence came to; nothing of it is the server's word. */
export interface EvidenceCheck {
  /** By receipt: why it proves nothing, or null. */
  readonly receipts: ReadonlyMap<string, string | null>;
  /** What is wrong with the history. */
  readonly problems: readonly string[];
  /** Events that no block holds yet. */
  readonly unsealed: number;
}

/** Checks signatures, signed metadata and the audit chain of an export, from the export alone. */
export function verifyEvidence(evidence: DeviceEvidence, crypto: Crypto): EvidenceCheck {
  const keys = evidence.device.keys.map(({ publicKey }) => ({
    scheme: "ed25519" as const,
    publicKey: Buffer.from(publicKey, "base64"),
  }));
  return {
    receipts: new Map(
      evidence.receipts.map((receipt) => [
        receipt.id,
        receiptProblem(receipt, evidence, keys, crypto) ?? null,
      ]),
    ),
    problems: [...chainProblems(evidence, crypto), ...eventProblems(evidence, crypto)],
    unsealed: evidence.events.filter(({ block }) => block === null).length,
  };
}

function receiptProblem(
  { envelope, assignmentId, deploymentId, attempt, outcome }: DeviceReceipt,
  evidence: DeviceEvidence,
  keys: readonly VerificationKey[],
  crypto: Crypto,
): string | undefined {
  const opened = openEnvelope(utf8(envelope), RECEIPT_PAYLOAD_TYPE, keys, crypto);
  if (opened.kind === "refused") return opened.reason;
  const receipt = parseJson(opened.payload, Receipt);
  if (receipt === undefined) return "receipt-malformed";
  if (receipt.tenantId !== evidence.tenantId) return "other-tenant";
  if (receipt.deviceId !== evidence.device.id) return "other-device";
  const isOfTry =
    receipt.assignmentId === assignmentId &&
    receipt.deploymentId === deploymentId &&
    receipt.attempt === attempt;
  if (!isOfTry) return "other-attempt";
  if (receipt.outcome !== outcome) return "other-outcome";
  return vouchingProblem(receipt, evidence.metadata);
}

function chainProblems({ audit }: DeviceEvidence, crypto: Crypto): string[] {
  const problems: string[] = [];
  let previous: string = audit.previousSha256;
  for (const { number, count, eventsSha256, sha256, eventDigests } of audit.blocks) {
    if (auditLink(previous, eventsSha256, crypto) !== sha256)
      problems.push(`Block ${number} does not follow the one before it.`);
    const isWhole =
      eventDigests === null ||
      (eventDigests.length === count &&
        auditBlock(previous, eventDigests, crypto).eventsSha256 === eventsSha256);
    if (!isWhole) problems.push(`Events of block ${number} are not those that were sealed.`);
    previous = sha256;
  }
  return problems;
}

function eventProblems({ events, audit }: DeviceEvidence, crypto: Crypto): string[] {
  const digests = new Map(
    audit.blocks.map(({ number, eventDigests }) => [number, new Set<string>(eventDigests)]),
  );
  return events.flatMap(({ sequence, text, block }) =>
    block === null || digests.get(block)?.has(eventDigest(text, crypto)) === true
      ? []
      : [`Event ${sequence} is not the one that was sealed.`],
  );
}
