import type { Person } from "@moult/api";
import type { Client } from "@moult/client";
import { isId, isIdPrefix, pickOne, type Candidate } from "./pick-one.ts";

/** The person with this e-mail address, id or beginning of one, or name. */
export async function lookupPerson(
  client: Client,
  text: string,
  signal: AbortSignal,
): Promise<Person> {
  const { items } = await client.call("listPeople", {}, { signal });
  const meant = text.toLowerCase();
  const found = items.flatMap((person): Candidate<Person>[] => {
    const { id, name, email } = person;
    const label = `${email} (${name})`;
    if (email === meant || (isId(text) && id === meant)) return [{ item: person, label, rank: 0 }];
    if (name.toLowerCase() === meant) return [{ item: person, label, rank: 1 }];
    return isIdPrefix(text) && id.startsWith(meant) ? [{ item: person, label, rank: 2 }] : [];
  });
  return pickOne("person", text, found, "moult people list");
}
