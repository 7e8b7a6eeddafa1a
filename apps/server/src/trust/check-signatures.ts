import { utf8 } from "@moult/base";
import { channelOfRole, type TrustMetadata, type TrustRole } from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import { signatureProblem, type Keyring } from "@moult/trust";
import type { TenantDb } from "../platform/tenant-db.ts";
import { invalid, type ProposedFile } from "./check-proposal.ts";
import { readPublishable } from "./check-publishable.ts";
import { signedInForce } from "./queries.ts";

/**
 * Demands that every signature holds, by a key that the role above gives the role: as it is in force, or as the same
 * proposal has it. What holds is kept; so junk neither stands beside it nor takes its place. Throws `trust-invalid`.
 */
export async function demandSignaturesHold(
  db: TenantDb,
  files: readonly ProposedFile[],
  proposed: readonly ProposedFile[] = files,
): Promise<void> {
  for (const { role, metadata } of files) {
    const above = channelOfRole(role) === undefined ? "root" : "targets";
    const inForce = await signedInForce(db, above);
    const own = proposed.find((file) => file.role === above)?.metadata.signed;
    const keyrings = [inForce, own].flatMap((signed) =>
      signed === undefined ? [] : [keyringOf(role, above, signed)],
    );
    const problem = signatureProblem(utf8(JSON.stringify(metadata)), keyrings, nodeCrypto);
    if (problem !== undefined) throw invalid(`${role}: ${problem}`);
  }
}

/** The keys that `signed`, which is of the role above, lets sign for `role`. */
function keyringOf(
  role: TrustRole,
  above: "root" | "targets",
  signed: TrustMetadata["signed"],
): Keyring {
  const file = readPublishable(above, signed);
  const { keys = {}, keyids = [] } =
    "root" in file
      ? { keys: file.root.keys, keyids: file.root.roles[role as TopRole]?.keyids }
      : {
          keys: file.targets.delegations?.keys,
          keyids: file.targets.delegations?.roles?.find(({ name }) => name === role)?.keyids,
        };
  return Object.fromEntries(Object.entries(keys).filter(([keyid]) => keyids.includes(keyid)));
}

type TopRole = "root" | "targets";
