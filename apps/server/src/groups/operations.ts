import type { Clock } from "@moult/base";
import type { DeviceId, Group, GroupId, ProductName } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import { appendEvent } from "../platform/events.ts";
import { newId } from "../platform/new-id.ts";
import type { Handlers } from "../platform/operation-handler.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { holdProduct } from "../products/index.ts";
import { changeGroup, checkedQuery, demandUnnamed, noGroup } from "./change-group.ts";
import { unfinishedDeploymentsTo } from "./deployment-queries.ts";
import { GROUP_IS_DYNAMIC, moveMembers, type MemberMove } from "./move-members.ts";
import { deleteGroup, groupById, groupsOf, insertGroup, lockGroup } from "./queries.ts";

export type GroupHandlers = Handlers<
  | "listGroups"
  | "createGroup"
  | "showGroup"
  | "changeGroup"
  | "deleteGroup"
  | "addToGroup"
  | "removeFromGroup"
>;

/** An error names this many of what it is about. */
const NAMED_MAX = 5;

export function createGroupHandlers({ clock }: { readonly clock: Clock }): GroupHandlers {
  const change = async (
    db: TenantDb,
    groupId: GroupId,
    deviceIds: readonly DeviceId[],
    move: MemberMove,
  ): Promise<Group> => {
    await db.transaction(async (inner) => {
      const moved = await moveMembers(inner, groupId, [...new Set(deviceIds)], move, clock.now());
      if (moved === undefined) throw noGroup();
      const { product, isDynamic, strangers, changed } = moved;
      if (isDynamic) throw new ApiError("state-conflict", GROUP_IS_DYNAMIC);
      if (strangers.length > 0) throw new ApiError("not-found", unknownDevices(strangers, product));
      if (changed.length > 0) await raisePlanningEpoch(inner);
    });
    return groupOrRefusal(db, groupId);
  };

  return {
    listGroups: async ({ db }, { query: { product } }) => ({
      items: await groupsOf(db, product),
    }),

    createGroup: async ({ db }, { body: { name, product, query } }) => {
      const id = newId<GroupId>();
      const at = clock.now();
      await db.transaction(async (inner) => {
        if (!(await holdProduct(inner, product)))
          throw new ApiError("not-found", `There is no product "${product}"; create it first.`);
        const kept = query === undefined ? null : await checkedQuery(inner, product, query);
        if (!(await insertGroup(inner, { id, name, product, query: kept, createdAt: at })))
          throw new ApiError("name-taken", `The product has a group "${name}" already.`);
        await appendEvent(inner, { at, body: { kind: "group-changed", groupId: id } });
      });
      return groupOrRefusal(db, id);
    },

    showGroup: ({ db }, { params: { groupId } }) => groupOrRefusal(db, groupId),

    changeGroup: async ({ db }, { params: { groupId }, body }) => {
      await db.transaction((inner) => changeGroup(inner, groupId, body, clock.now()));
      return groupOrRefusal(db, groupId);
    },

    deleteGroup: ({ db }, { params: { groupId } }) =>
      db.transaction(async (inner) => {
        const group = await lockGroup(inner, groupId);
        if (group === undefined) throw noGroup();
        const { product, name } = group;
        const deployments = await unfinishedDeploymentsTo(inner, product, groupId);
        if (deployments.length > 0) throw new ApiError("in-use", inUse(deployments));
        if (group.query === null) await demandUnnamed(inner, product, name, "delete");
        await deleteGroup(inner, groupId);
        await appendEvent(inner, { at: clock.now(), body: { kind: "group-changed", groupId } });
        await raisePlanningEpoch(inner);
      }),

    addToGroup: ({ db }, { params, body }) => change(db, params.groupId, body.deviceIds, "add"),

    removeFromGroup: ({ db }, { params, body }) =>
      change(db, params.groupId, body.deviceIds, "remove"),
  };
}

async function groupOrRefusal(db: TenantDb, groupId: GroupId): Promise<Group> {
  const group = await groupById(db, groupId);
  if (group === undefined) throw noGroup();
  return group;
}

function unknownDevices(unknown: readonly DeviceId[], product: ProductName): string {
  const more = unknown.length > NAMED_MAX ? ` and ${unknown.length - NAMED_MAX} more` : "";
  return `Nothing was changed: no device of the product "${product}" has the id ${unknown.slice(0, NAMED_MAX).join(", ")}${more}. Leave them out, or name devices of the group's own product.`;
}

function inUse(deployments: readonly string[]): string {
  const more = deployments.length > NAMED_MAX ? ` and ${deployments.length - NAMED_MAX} more` : "";
  return `Unfinished deployments target this group: ${deployments.slice(0, NAMED_MAX).join(", ")}${more}. Wait for their end, or abort them.`;
}
