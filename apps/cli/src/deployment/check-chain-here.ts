import type { Client } from "@moult/client";
import type { ChainBreak, ChainPage } from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import { DEPLOYMENT_CHAIN_START, entryFault } from "@moult/trust";

const PAGE = 500;

type ExportedEntry = ChainPage["items"][number];

export interface CheckedHere {
  /** The last entry that holds, and the chain after it. */
  readonly through: number;
  readonly sha256: string;
  readonly entries: number;
  readonly firstBreak: ChainBreak | null;
  /** Everything that was checked, for whoever keeps it. */
  readonly exported: {
    readonly entries: readonly ExportedEntry[];
    readonly parts: Readonly<Record<string, string>>;
  };
}

/** Checks a deployment's chain on this machine, from what the server hands out: entries, and the parts that they name. */
export async function checkChainHere(
  client: Client,
  deploymentId: string,
  signal: AbortSignal,
): Promise<CheckedHere> {
  const entries: ExportedEntry[] = [];
  const parts: Record<string, string> = {};
  const sound = new Set<string>();
  let through = 0;
  let sha256: string = DEPLOYMENT_CHAIN_START;
  for (;;) {
    const call = { params: { deploymentId }, query: { after: through, limit: PAGE } };
    const page = await client.call("listChainEntries", call, { signal });
    entries.push(...page.items);
    Object.assign(parts, page.parts);
    const pageParts = new Map(Object.entries(page.parts));
    const answer = (firstBreak: ChainBreak | null): CheckedHere => ({
      through,
      sha256,
      entries: page.entries,
      firstBreak,
      exported: { entries, parts },
    });
    if (page.items.length === 0 && through >= page.entries) return answer(null);
    for (const item of page.items.length === 0 ? [undefined] : page.items) {
      const entry = item === undefined ? undefined : { ...item, deploymentId };
      const check = { number: through, sha256, parts: pageParts, sound };
      const fault = entryFault(entry, check, nodeCrypto);
      if (entry === undefined || fault !== undefined) {
        const at = entry === undefined ? null : new Date(entry.at).toISOString();
        return answer(fault === undefined ? null : { ...fault, number: through + 1, at });
      }
      through = entry.number;
      ({ sha256 } = entry);
    }
  }
}
