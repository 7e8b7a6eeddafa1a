import type { Client } from "@moult/client";
import { isId, isIdPrefix, pickOne, type Candidate } from "./pick-one.ts";

/** More devices than a person could choose between: the search ends there. */
const CANDIDATES_MAX = 1_000;

/** The id of the device with this id, beginning of an id, name or identity value. */
export async function lookupDevice(
  client: Client,
  text: string,
  signal: AbortSignal,
): Promise<string> {
  if (isId(text)) return text.toLowerCase();
  const found: Candidate<string>[] = [];
  const query = { search: text, limit: 200 };
  for await (const { id, name, identity } of client.all("listDevices", { query }, { signal })) {
    const values = Object.values(identity);
    const rank =
      name === text
        ? 0
        : values.includes(text)
          ? 1
          : isIdPrefix(text) && id.startsWith(text.toLowerCase())
            ? 2
            : undefined;
    if (rank === undefined) continue;
    found.push({ item: id, label: `${id} (${name ?? values.join(" ")})`, rank });
    if (found.length === CANDIDATES_MAX) break;
  }
  return pickOne("device", text, found);
}
