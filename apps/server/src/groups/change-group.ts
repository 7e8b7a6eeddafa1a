import type { InstantMs } from "@moult/base";
import type { GroupId, ProductName } from "@moult/model";
import { parseQuery, printQuery } from "@moult/query";
import { ApiError } from "../platform/api-error.ts";
import { appendEvent } from "../platform/events.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { followGroupQuery } from "./deployment-queries.ts";
import { dynamicGroupNamedIn, queriesNaming } from "./dynamic-groups.ts";
import { lockGroup, setGroup } from "./queries.ts";

export interface GroupChange {
  readonly name?: string | undefined;
  readonly query?: string | undefined;
}

/**
 * Changes a group in the caller's transaction. Unfinished deployments that target it go by the new query from then on: who was
 * admitted stays admitted, who no longer fits gets no place. Throws `ApiError`.
 */
export async function changeGroup(
  db: TenantDb,
  groupId: GroupId,
  { name, query: text }: GroupChange,
  at: InstantMs,
): Promise<void> {
  const group = await lockGroup(db, groupId);
  if (group === undefined) throw noGroup();
  const { product } = group;
  const query = text === undefined ? undefined : await checkedQuery(db, product, text);
  if (query !== undefined && group.query === null)
    throw new ApiError(
      "state-conflict",
      "The devices of this group are those that were put into it. Create a group with the query instead.",
    );
  if (name !== undefined && name !== group.name && group.query === null)
    await demandUnnamed(db, product, group.name, "rename");
  if (!(await setGroup(db, groupId, { name, query })))
    throw new ApiError("name-taken", `The product has a group "${name}" already.`);
  if (query !== undefined) await followGroupQuery(db, product, groupId, query);
  await appendEvent(db, { at, body: { kind: "group-changed", groupId } });
  await raisePlanningEpoch(db);
}

/** The query as it is kept: always written the same way. */
export async function checkedQuery(
  db: TenantDb,
  product: ProductName,
  text: string,
): Promise<string> {
  const query = parseQuery(text);
  const named = await dynamicGroupNamedIn(db, product, query);
  if (named !== undefined)
    throw new ApiError(
      "state-conflict",
      `The group "${named}" has a query itself, and no query can ask for such a group: write its query here instead.`,
    );
  return printQuery(query);
}

/** A query says `NOT group = canary`: without a group of that name it would be true of every device, all at once. */
export async function demandUnnamed(
  db: TenantDb,
  product: ProductName,
  name: string,
  what: "rename" | "delete",
): Promise<void> {
  const [first, ...more] = await queriesNaming(db, product, name);
  if (first === undefined) return;
  const others = more.length === 0 ? "" : ` and of ${more.length} more`;
  const asks = {
    group: `The query of the group "${first.name}"${others} asks for the group "${name}". Change the query`,
    deployment: `The target of the deployment "${first.name}"${others} asks for the group "${name}". Finish or abort it`,
    safeguard: `A safeguard of the release ${first.name}${others} asks for the group "${name}". Lift it`,
  };
  throw new ApiError("in-use", `${asks[first.of]}, then ${what} the group.`);
}

export const noGroup = (): ApiError => new ApiError("not-found", "There is no group with this id.");
