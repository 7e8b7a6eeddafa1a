import { utf8 } from "@moult/base";
import { RECEIPT_PAYLOAD_TYPE, Receipt, runningDigest } from "@moult/device-protocol";
import type { AssignmentId, DeviceId, Running, TenantId } from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import { openEnvelope, parseJson } from "@moult/trust";
import type { KnownTry } from "./queries.ts";

/** What the device said in the same breath, and what the server knows of the try. */
export interface ReceiptFacts {
  readonly tenantId: TenantId;
  readonly deviceId: DeviceId;
  readonly assignmentId: AssignmentId;
  readonly attempt: number;
  readonly outcome: string;
  readonly running: Running;
  readonly known: KnownTry;
}

/** Why a receipt does not prove what was reported beside it; undefined when it does. `keys`: DER, of the device. */
export function receiptProblem(
  envelope: string,
  keys: readonly Uint8Array[],
  facts: ReceiptFacts,
): string | undefined {
  const opened = openEnvelope(
    utf8(envelope),
    RECEIPT_PAYLOAD_TYPE,
    keys.map((publicKey) => ({ scheme: "ed25519", publicKey })),
    nodeCrypto,
  );
  if (opened.kind === "refused") return opened.reason;
  const receipt = parseJson(opened.payload, Receipt);
  if (receipt === undefined) return "receipt-malformed";
  if (receipt.tenantId !== facts.tenantId) return "other-tenant";
  if (receipt.deviceId !== facts.deviceId) return "other-device";
  if (receipt.assignmentId !== facts.assignmentId) return "other-assignment";
  if (receipt.deploymentId !== facts.known.deploymentId) return "other-deployment";
  if (receipt.attempt !== facts.attempt) return "other-attempt";
  if (receipt.outcome !== facts.outcome) return "other-outcome";
  if (receipt.artifactName !== facts.known.version) return "other-release";
  const { artifact } = facts.known;
  if (
    artifact !== null &&
    (receipt.path !== artifact.path ||
      receipt.sha256 !== artifact.sha256 ||
      receipt.sizeBytes !== artifact.sizeBytes)
  )
    return "other-artifact";
  const { running } = receipt;
  if (
    running.artifactName !== facts.running.artifactName ||
    running.digest !== runningDigest(facts.running, nodeCrypto)
  )
    return "other-running";
  return undefined;
}
