import type { InstantMs } from "@moult/base";
import type { DeviceId } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import {
  actionByNumber,
  insertAction,
  latestActions,
  setAction,
  type ControllerAction,
} from "./action-queries.ts";
import { setWantsAttributes } from "./queries.ts";

export type { ControllerAction };

// One try of one update as its controller knows it: numbered, read, perhaps written or refused to be given up, ended.

type Try = Pick<ControllerAction, "assignmentId" | "attempt">;

/** Whether the number is that of this very try. */
export const isActionOf = (action: ControllerAction, { assignmentId, attempt }: Try): boolean =>
  action.assignmentId === assignmentId && action.attempt === attempt;

/** The device's latest actions, the newest first. */
export const actionsOf = (db: TenantDb, deviceId: DeviceId): Promise<readonly ControllerAction[]> =>
  latestActions(db, deviceId);

/** Undefined: the number is none of the device's. */
export const actionOf = (
  db: TenantDb,
  deviceId: DeviceId,
  number: number,
): Promise<ControllerAction | undefined> => actionByNumber(db, deviceId, number);

/** Gives a try its number, once; the caller holds the device's row. */
export async function numberTry(
  db: TenantDb,
  deviceId: DeviceId,
  offer: Try,
): Promise<ControllerAction> {
  const known = (await latestActions(db, deviceId)).find((action) => isActionOf(action, offer));
  return known ?? insertAction(db, deviceId, offer);
}

export const noteFetched = (db: TenantDb, number: number, at: InstantMs): Promise<void> =>
  setAction(db, number, { fetched_at: at });

export const noteConfirmed = (db: TenantDb, number: number, at: InstantMs): Promise<void> =>
  setAction(db, number, { confirmed_at: at });

/** Its client is done and well; from here on only what the device says it runs counts. */
export async function noteWritten(
  db: TenantDb,
  deviceId: DeviceId,
  number: number,
  at: InstantMs,
): Promise<void> {
  await setAction(db, number, { closed_at: at, written_at: at });
  await setWantsAttributes(db, deviceId, true);
}

export const noteEnded = (db: TenantDb, number: number, at: InstantMs): Promise<void> =>
  setAction(db, number, { closed_at: at });

/** Its client goes on although the server took it back. */
export const noteGoesOn = (db: TenantDb, number: number, at: InstantMs): Promise<void> =>
  setAction(db, number, { refused_at: at });

/** What the device says of its start, by which it shows later that it was started since. */
export const noteBoot = (db: TenantDb, number: number, bootId: string): Promise<void> =>
  setAction(db, number, { boot_id: bootId });

export const forgetBoot = (db: TenantDb, number: number): Promise<void> =>
  setAction(db, number, { boot_id: null });

/** Whether the device is to be asked for its attributes. */
export const askForAttributes = (db: TenantDb, deviceId: DeviceId, wants: boolean): Promise<void> =>
  setWantsAttributes(db, deviceId, wants);
