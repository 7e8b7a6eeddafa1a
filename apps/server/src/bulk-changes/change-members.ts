import type { InstantMs } from "@moult/base";
import type { BulkChange, DeviceId, GroupId } from "@moult/model";
import { decideOneOfMany, type CloseOpenAssignment, type DeviceAction } from "../devices/index.ts";
import { GROUP_IS_DYNAMIC, moveMembers } from "../groups/index.ts";
import { appendEvent } from "../platform/events.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { GROUP_GONE, OTHER_PRODUCT } from "./foretell.ts";

/** What came of some of a change's devices. */
export interface Changed {
  changed: number;
  unchanged: number;
  readonly refused: Map<string, number>;
}

const DEVICE_GONE = "The device is no longer there.";

/** Does the change's action to some of its devices, in the caller's transaction. */
export async function changeMembers(
  db: TenantDb,
  { action, createdBy }: Pick<BulkChange, "action" | "createdBy">,
  deviceIds: readonly DeviceId[],
  at: InstantMs,
  closeOpenAssignment: CloseOpenAssignment,
): Promise<Changed> {
  const move = action.kind === "add-to-group" ? "add" : "remove";
  const result =
    "groupId" in action
      ? await moveAll(db, action.groupId, deviceIds, move, at)
      : await decideAll(db, action.kind, deviceIds, { by: createdBy, at }, closeOpenAssignment);
  if (result.changed > 0) await raisePlanningEpoch(db);
  return result;
}

async function decideAll(
  db: TenantDb,
  action: DeviceAction,
  deviceIds: readonly DeviceId[],
  decider: { readonly by: string; readonly at: InstantMs },
  closeOpenAssignment: CloseOpenAssignment,
): Promise<Changed> {
  const result: Changed = { changed: 0, unchanged: 0, refused: new Map() };
  for (const deviceId of deviceIds) {
    const decided = await decideOneOfMany(db, deviceId, action, decider, closeOpenAssignment);
    if (decided.kind === "changed") result.changed += 1;
    else if (decided.kind === "unchanged") result.unchanged += 1;
    else refuse(result, decided.kind === "refused" ? decided.sentence : DEVICE_GONE, 1);
  }
  return result;
}

async function moveAll(
  db: TenantDb,
  groupId: GroupId,
  deviceIds: readonly DeviceId[],
  move: "add" | "remove",
  at: InstantMs,
): Promise<Changed> {
  const result: Changed = { changed: 0, unchanged: 0, refused: new Map() };
  const first = await moveMembers(db, groupId, deviceIds, move, at);
  if (first === undefined) {
    refuse(result, GROUP_GONE, deviceIds.length);
    return result;
  }
  if (first.isDynamic) {
    refuse(result, GROUP_IS_DYNAMIC, deviceIds.length);
    return result;
  }
  const strangers = new Set(first.strangers);
  const own = deviceIds.filter((id) => !strangers.has(id));
  // With strangers among them nothing was moved: without them it is.
  const moved =
    strangers.size === 0 || own.length === 0
      ? first
      : await moveMembers(db, groupId, own, move, at);
  const changed = moved?.changed ?? [];
  if (strangers.size > 0) refuse(result, OTHER_PRODUCT, strangers.size);
  for (const deviceId of changed)
    await appendEvent(db, { at, deviceId, body: { kind: "group-changed", groupId } });
  result.changed = changed.length;
  result.unchanged = own.length - changed.length;
  return result;
}

function refuse({ refused }: Changed, sentence: string, count: number): void {
  refused.set(sentence, (refused.get(sentence) ?? 0) + count);
}
