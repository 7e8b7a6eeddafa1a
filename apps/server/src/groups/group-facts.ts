import type { DeviceId, GroupId, ProductName } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import { unfinishedDeploymentsTo } from "./deployment-queries.ts";
import { groupRow, membersAmong } from "./queries.ts";

/** What a change of the group's members needs to know of it. */
export interface GroupFacts {
  readonly id: GroupId;
  readonly name: string;
  readonly product: ProductName;
  /** Its devices are those of a query, and nobody puts any into it. */
  readonly isDynamic: boolean;
  /** Names of unfinished deployments that the group is the target of. */
  readonly deployments: readonly string[];
  /** Which of these are in it. */
  membersAmong(deviceIds: readonly DeviceId[]): Promise<ReadonlySet<DeviceId>>;
}

export async function groupFacts(db: TenantDb, groupId: GroupId): Promise<GroupFacts | undefined> {
  const group = await groupRow(db, groupId);
  if (group === undefined) return undefined;
  const { id, name, product, query } = group;
  return {
    id,
    name,
    product,
    isDynamic: query !== null,
    deployments: await unfinishedDeploymentsTo(db, product, groupId),
    membersAmong: (deviceIds) => membersAmong(db, groupId, deviceIds),
  };
}
