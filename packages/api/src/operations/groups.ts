import { DeviceId, Group, GroupId, ProductName } from "@moult/model";
import * as z from "zod";
import { QueryText } from "../device-filter.ts";
import { operation } from "../operation.ts";

const params = z.object({ groupId: GroupId });
const name = z.string().min(1).max(128);
const members = z.strictObject({ deviceIds: z.array(DeviceId).min(1).max(10_000) });

export const groupOperations = {
  listGroups: operation({
    id: "listGroups",
    summary: "All groups",
    method: "GET",
    path: "/groups",
    permission: "fleet:read",
    query: z.object({ product: ProductName.optional() }),
    replyKind: "json",
    reply: z.object({ items: z.array(Group) }),
    errors: [],
  }),
  createGroup: operation({
    id: "createGroup",
    summary: "Create a group of one product's devices: static, or dynamic with a query",
    method: "POST",
    path: "/groups",
    permission: "groups:write",
    body: z.strictObject({ name, product: ProductName, query: QueryText.optional() }),
    replyKind: "json",
    reply: Group,
    errors: ["not-found", "name-taken"],
  }),
  showGroup: operation({
    id: "showGroup",
    summary: "One group; its devices are listed by `listDevices`",
    method: "GET",
    path: "/groups/{groupId}",
    permission: "fleet:read",
    params,
    replyKind: "json",
    reply: Group,
    errors: ["not-found"],
  }),
  changeGroup: operation({
    id: "changeGroup",
    summary: "Change a group's name or a dynamic group's query, also while deployments target it",
    method: "PATCH",
    path: "/groups/{groupId}",
    permission: "groups:write",
    params,
    body: z.strictObject({ name: name.optional(), query: QueryText.optional() }),
    replyKind: "json",
    reply: Group,
    errors: ["not-found", "name-taken", "state-conflict", "in-use"],
  }),
  deleteGroup: operation({
    id: "deleteGroup",
    summary:
      "Delete a group that no unfinished deployment targets and no group's query names; its devices stay",
    method: "DELETE",
    path: "/groups/{groupId}",
    permission: "groups:write",
    params,
    replyKind: "none",
    errors: ["not-found", "in-use"],
  }),
  addToGroup: operation({
    id: "addToGroup",
    summary: "Put devices of the group's product into the group",
    method: "POST",
    path: "/groups/{groupId}/devices",
    permission: "groups:write",
    params,
    body: members,
    replyKind: "json",
    reply: Group,
    errors: ["not-found", "state-conflict"],
  }),
  removeFromGroup: operation({
    id: "removeFromGroup",
    summary: "Take devices out of the group",
    method: "POST",
    path: "/groups/{groupId}/devices/remove",
    permission: "groups:write",
    params,
    body: members,
    replyKind: "json",
    reply: Group,
    errors: ["not-found", "state-conflict"],
  }),
} as const;
