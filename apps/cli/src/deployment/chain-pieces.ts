import type { ChainReplay, ChainVerification } from "@moult/model";
import type { Client } from "@moult/client";

/** The whole of a deployment's chain, checked piece by piece up to its end or its first break. */
export async function verifyWholeChain(
  client: Client,
  deploymentId: string,
  signal: AbortSignal,
): Promise<ChainVerification> {
  for (let after = 0; ;) {
    const call = { params: { deploymentId }, query: { after } };
    const piece = await client.call("verifyDeploymentChain", call, { signal });
    if (!piece.isMore) return piece;
    after = piece.through;
  }
}

/** The whole of a deployment's chain, decided again; of many that differ the first of each piece. */
export async function replayWholeChain(
  client: Client,
  deploymentId: string,
  signal: AbortSignal,
): Promise<ChainReplay> {
  let sum: ChainReplay | undefined;
  do {
    const call = { params: { deploymentId }, query: { after: sum?.through ?? 0 } };
    const piece = await client.call("replayDeployment", call, { signal });
    sum = {
      ...piece,
      same: piece.same + (sum?.same ?? 0),
      notDecided: piece.notDecided + (sum?.notDecided ?? 0),
      others: [...(sum?.others ?? []), ...piece.others],
    };
  } while (sum.isMore);
  return sum;
}
