import type { Client, ItemOf } from "@moult/client";
import { CliError } from "../command-line/cli-error.ts";
import { isId, isIdPrefix } from "./pick-one.ts";

/** The id of the open proposal with this id or beginning of an id; without either, of the only one there is. */
export async function lookupProposal(
  client: Client,
  text: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  if (text !== undefined && isId(text)) return text.toLowerCase();
  const query = { state: "open" as const, limit: 500 };
  const found: ItemOf<"listTrustProposals">[] = [];
  for await (const proposal of client.all("listTrustProposals", { query }, { signal }))
    if (text === undefined || (isIdPrefix(text) && proposal.id.startsWith(text.toLowerCase())))
      found.push(proposal);
  const [only, ...more] = found;
  if (only !== undefined && more.length === 0) return only.id;
  const hint = "`moult trust status` shows the open ones.";
  const named = text === undefined ? "" : ` "${text}"`;
  throw only === undefined
    ? new CliError("not-found", `There is no open proposal${named}.`, { hint })
    : new CliError("ambiguous", `There are ${found.length} open proposals${named}; name one.`, {
        hint,
      });
}
