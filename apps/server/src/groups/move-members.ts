import type { InstantMs } from "@moult/base";
import type { DeviceId, GroupId, ProductName } from "@moult/model";
import { appendEvent } from "../platform/events.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { deleteMembers, devicesAmong, insertMembers, lockGroup } from "./queries.ts";

export const GROUP_IS_DYNAMIC =
  "The group's devices are those of its query: change the query, or put devices into another group.";

export type MemberMove = "add" | "remove";

/**
 * What came of it. With `strangers`, which are no devices of the group's product, nothing was changed, and never in a dynamic
 * group.
 */
export interface MembersMoved {
  readonly product: ProductName;
  readonly isDynamic: boolean;
  readonly strangers: readonly DeviceId[];
  readonly changed: readonly DeviceId[];
}

/**
 * Puts devices into a group or takes them out, in the caller's transaction, which raises the planning epoch at its end when
 * something changed. Undefined when there is no such group.
 */
export async function moveMembers(
  db: TenantDb,
  groupId: GroupId,
  deviceIds: readonly DeviceId[],
  move: MemberMove,
  at: InstantMs,
): Promise<MembersMoved | undefined> {
  const group = await lockGroup(db, groupId);
  if (group === undefined) return undefined;
  const { product } = group;
  if (group.query !== null) return { product, isDynamic: true, strangers: [], changed: [] };
  const known = await devicesAmong(db, product, deviceIds);
  const strangers = deviceIds.filter((id) => !known.has(id));
  if (strangers.length > 0) return { product, isDynamic: false, strangers, changed: [] };
  const changed = await (move === "add" ? insertMembers : deleteMembers)(db, groupId, deviceIds);
  if (changed.length > 0) await appendEvent(db, { at, body: { kind: "group-changed", groupId } });
  return { product, isDynamic: false, strangers, changed };
}
