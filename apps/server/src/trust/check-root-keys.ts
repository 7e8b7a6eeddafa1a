import type { OnlineKeys, TrustKey } from "@moult/model";
import { INSTRUCTION_FIELD, RootMetadata, type TufKey } from "@moult/trust";
import type { Signer } from "../platform/signer-client.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { invalid, type ProposedFile } from "./check-proposal.ts";
import { readPublishable } from "./check-publishable.ts";
import { signedInForce } from "./queries.ts";

const USES = ["snapshot", "timestamp", "instruction"] as const;
type Use = (typeof USES)[number];

/**
 * Demands that a proposed root names the keys that this server's signer really has: devices that took another root would
 * obey this server no more, and could not be told. Throws `trust-invalid`, `signer-unavailable`.
 */
export async function demandRootNamesSigner(
  db: TenantDb,
  proposed: readonly ProposedFile[],
  signer: Pick<Signer, "onlineKeys">,
): Promise<void> {
  const signed = proposed.find(({ role }) => role === "root")?.metadata.signed;
  if (signed === undefined) return;
  const file = readPublishable("root", signed);
  if (!("root" in file)) return;
  const { root } = file;
  if (root[INSTRUCTION_FIELD] === undefined)
    throw invalid(
      `root: ${INSTRUCTION_FIELD} must name the keys that sign instructions, or devices would obey nobody.`,
    );
  const before = RootMetadata.safeParse(await signedInForce(db, "root")).data;
  const online = await signer.onlineKeys();
  for (const use of USES) {
    const problem = problemOf(root, use, online);
    // Keys that are wrong already are set right one use after the other.
    const isLeft = before !== undefined && isSame(keyidsOf(before, use), keyidsOf(root, use));
    if (problem !== undefined && !(isLeft && problemOf(before, use, online) !== undefined))
      throw invalid(`root: ${problem}`);
  }
}

const keyidsOf = (root: RootMetadata, use: Use): readonly string[] =>
  (use === "instruction" ? root[INSTRUCTION_FIELD] : root.roles[use])?.keyids ?? [];

const isSame = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((keyid) => other.includes(keyid));

function problemOf(root: RootMetadata, use: Use, online: OnlineKeys): string | undefined {
  const { keyid, ...key } = online[use];
  const named = Object.hasOwn(root.keys, keyid) ? root.keys[keyid] : undefined;
  if (!keyidsOf(root, use).includes(keyid) || named === undefined || !isSameKey(named, key))
    return `this server's signer has the key ${keyid} for ${use}, and root does not name it for that.`;
  if (use !== "instruction" && root.roles[use].threshold > 1)
    return `${use} needs ${root.roles[use].threshold} signatures, and the signer has one key for it.`;
  return undefined;
}

const isSameKey = (one: TufKey, other: TrustKey): boolean =>
  one.keytype === other.keytype &&
  one.scheme === other.scheme &&
  one.keyval.public === other.keyval.public;
