import type { Client } from "@moult/client";
import { isId, isIdPrefix, pickOne, type Candidate } from "./pick-one.ts";

/** The id of the group with this id, beginning of an id or name. */
export async function lookupGroup(
  client: Client,
  text: string,
  signal: AbortSignal,
): Promise<string> {
  if (isId(text)) return text.toLowerCase();
  const { items } = await client.call("listGroups", {}, { signal });
  const found = items.flatMap(({ id, name, product }): Candidate<string>[] => {
    const label = `${id} (${name} of ${product})`;
    if (name === text) return [{ item: id, label, rank: 0 }];
    const isMeant = isIdPrefix(text) && id.startsWith(text.toLowerCase());
    return isMeant ? [{ item: id, label, rank: 1 }] : [];
  });
  return pickOne("group", text, found);
}
