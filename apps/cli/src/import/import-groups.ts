import { ApiProblem, type Client } from "@moult/client";
import type { GroupId, ProductName } from "@moult/model";
import type { ReportBuilder } from "./import-report.ts";

/** More than these are no groups but values of their own, a serial number as a tag for example. */
const GROUPS_MAX = 500;
const NAME_CHARACTERS_MAX = 128;

export interface ImportGroups {
  /** The static groups of these names, made where they are missing; a dry run leaves out those. */
  idsOf(names: readonly string[]): Promise<GroupId[]>;
}

/** The product's groups by the names that the other server has for them. */
export async function importGroups(
  client: Client,
  product: ProductName,
  { isDryRun, signal }: { readonly isDryRun: boolean; readonly signal: AbortSignal },
  report: ReportBuilder,
): Promise<ImportGroups> {
  const { items } = await client.call("listGroups", { query: { product } }, { signal });
  const known = new Map(
    items.map(({ id, name, query }) => [name, { id, isDynamic: query !== null }]),
  );
  /** Null: there is none for this name, and why was said. */
  const idByName = new Map<string, GroupId | null>();

  async function resolve(name: string): Promise<GroupId | null> {
    if (idByName.size >= GROUPS_MAX) {
      if (idByName.size === GROUPS_MAX)
        refuse(name, `more than ${GROUPS_MAX} groups in one import`);
      idByName.set(name, null);
      return null;
    }
    report.count("groups", "read");
    if (name.length > NAME_CHARACTERS_MAX)
      return refuse(name, `its name is longer than ${NAME_CHARACTERS_MAX} characters`);
    const found = known.get(name);
    if (found?.isDynamic === true)
      return refuse(name, "a group of this name has its devices by a query here");
    report.count("groups", found === undefined ? "added" : "known");
    if (found !== undefined) return found.id;
    return isDryRun ? null : create(name);
  }
  async function create(name: string): Promise<GroupId> {
    try {
      return (await client.call("createGroup", { body: { name, product } }, { signal })).id;
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.code !== "name-taken") throw error;
      // Another import made it meanwhile.
      const { items: now } = await client.call("listGroups", { query: { product } }, { signal });
      const made = now.find((group) => group.name === name);
      if (made === undefined) throw error;
      return made.id;
    }
  }
  function refuse(name: string, reason: string): null {
    report.leaveOut("groups", name, reason);
    return null;
  }

  return {
    idsOf: async (names) => {
      const ids: GroupId[] = [];
      for (const name of new Set(names)) {
        let id = idByName.get(name);
        if (id === undefined) {
          id = await resolve(name);
          if (idByName.size < 2 * GROUPS_MAX) idByName.set(name, id);
        }
        if (id !== null) ids.push(id);
      }
      return ids;
    },
  };
}
