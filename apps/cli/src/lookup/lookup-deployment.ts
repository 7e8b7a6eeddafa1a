import type { Client } from "@moult/client";
import { isId, isIdPrefix, pickOne, type Candidate } from "./pick-one.ts";

/** The id of the deployment with this id, beginning of an id or name. */
export async function lookupDeployment(
  client: Client,
  text: string,
  signal: AbortSignal,
): Promise<string> {
  if (isId(text)) return text.toLowerCase();
  const found: Candidate<string>[] = [];
  const query = { limit: 500 };
  for await (const { id, name, state } of client.all("listDeployments", { query }, { signal })) {
    const isMeant = isIdPrefix(text) && id.startsWith(text.toLowerCase());
    if (name === text || isMeant)
      found.push({ item: id, label: `${id} (${name}, ${state})`, rank: name === text ? 0 : 1 });
  }
  return pickOne("deployment", text, found);
}
