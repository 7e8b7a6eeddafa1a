import type { InstantMs } from "@moult/base";
import type { DeviceId, GroupId, ProductName } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { noGroup } from "./change-group.ts";
import { GROUP_IS_DYNAMIC, moveMembers } from "./move-members.ts";
import { lockGroup } from "./queries.ts";

/**
 * Throws `ApiError` unless each is a static group of the product. Their rows are held until the transaction ends, everywhere
 * before the planning epoch and in the same order, so that no two wait for each other.
 */
export async function holdStaticGroups(
  db: TenantDb,
  product: ProductName,
  groupIds: Iterable<GroupId>,
): Promise<void> {
  for (const groupId of [...new Set(groupIds)].toSorted()) {
    const group = await lockGroup(db, groupId);
    if (group === undefined || group.product !== product) throw noGroup();
    if (group.query !== null) throw new ApiError("state-conflict", GROUP_IS_DYNAMIC);
  }
}

/**
 * Puts a device into those of the groups that it can be in, in the caller's transaction, which raises the planning epoch
 * afterwards. False when it was in all.
 */
export async function joinGroups(
  db: TenantDb,
  deviceId: DeviceId,
  groupIds: readonly GroupId[],
  at: InstantMs,
): Promise<boolean> {
  let isChanged = false;
  for (const groupId of [...new Set(groupIds)].toSorted()) {
    const moved = await moveMembers(db, groupId, [deviceId], "add", at);
    isChanged ||= (moved?.changed.length ?? 0) > 0;
  }
  return isChanged;
}
