import { canonicalText, hex, utf8, type Crypto } from "@moult/base";

/** What stands before the first entry of a deployment's chain. */
export const DEPLOYMENT_CHAIN_START = "0".repeat(64);

/** An event of a deployment as its chain holds it. */
export interface ChainEntry {
  /** From 1, without a gap. */
  readonly number: number;
  readonly at: number;
  readonly deploymentId: string;
  readonly deviceId: string | null;
  readonly assignmentId: string | null;
  /** The event as the store has it, word for word. */
  readonly body: string;
  /** What decided it, word for word; null where a person or a device did. */
  readonly inputs: string | null;
}

/** The chain after `entry`: SHA-256, in lower-case hexadecimal, over the canonical JSON of the digest before and the entry. */
export function deploymentLink(
  previousSha256: string,
  { number, at, deploymentId, deviceId, assignmentId, body, inputs }: ChainEntry,
  crypto: Pick<Crypto, "sha256">,
): string {
  const linked = [previousSha256, number, at, deploymentId, deviceId, assignmentId, body, inputs];
  return hex(crypto.sha256(utf8(canonicalText(linked))));
}
