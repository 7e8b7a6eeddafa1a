import { assert, type InstantMs } from "@moult/base";
import type { DeviceId, DeviceState, Sha256 } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import { appendEvent } from "../platform/events.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import {
  changeDevice,
  type DeviceAction,
  type DeviceChange,
  type DeviceFacts,
} from "./device-transitions.ts";
import {
  clearIdentityConflict,
  holdDeviceFacts,
  raiseCredentialEpoch,
  revokeKeys,
  setDeviceState,
  setKeyState,
} from "./queries.ts";

/** Closes the update that a device is in, if any, in the transaction that takes the device out. Deployments provide it. */
export type CloseOpenAssignment = (
  db: TenantDb,
  deviceId: DeviceId,
  cause: "device-rejected" | "device-decommissioned",
) => Promise<void>;

export interface Decider {
  /** For the timeline: a person, an API key, or what decided instead of one. */
  readonly by: string;
  readonly at: InstantMs;
}

/** Carries out an operator's decision about a device. Throws `ApiError` `not-found` and `state-conflict`. */
export async function decideDevice(
  db: TenantDb,
  deviceId: DeviceId,
  action: DeviceAction,
  decider: Decider,
  closeOpenAssignment: CloseOpenAssignment,
): Promise<void> {
  await db.transaction(async (inner) => {
    const decided = await decideOneOfMany(inner, deviceId, action, decider, closeOpenAssignment);
    if (decided.kind === "missing")
      throw new ApiError("not-found", "There is no device with this id.");
    if (decided.kind === "refused") throw new ApiError("state-conflict", decided.sentence);
    if (decided.kind === "changed") await raisePlanningEpoch(inner);
  });
}

export type DeviceDecided =
  | { readonly kind: "changed" | "unchanged" | "missing" }
  | { readonly kind: "refused"; readonly sentence: string };

/** The same in the caller's transaction, which raises the planning epoch at its end when a device was changed. */
export async function decideOneOfMany(
  db: TenantDb,
  deviceId: DeviceId,
  action: DeviceAction,
  decider: Decider,
  closeOpenAssignment: CloseOpenAssignment,
): Promise<DeviceDecided> {
  const held = await holdDeviceFacts(db, deviceId);
  if (held === undefined) return { kind: "missing" };
  const { facts, pendingKey } = held;
  const change = changeDevice(facts, action);
  switch (change.kind) {
    case "impossible":
      return { kind: "refused", sentence: impossibleSentence(facts) };
    case "unchanged":
      return { kind: "unchanged" };
    case "key-rejected":
      if (pendingKey !== undefined) await setKeyState(db, pendingKey, "rejected");
      await announce(db, deviceId, facts.state, decider);
      return { kind: "changed" };
    case "changed":
      if (change.closesUpdate)
        await closeOpenAssignment(
          db,
          deviceId,
          action === "decommission" ? "device-decommissioned" : "device-rejected",
        );
      await apply(db, deviceId, change, pendingKey, decider);
      return { kind: "changed" };
  }
}

/** Accepts one waiting key of a device, in the caller's transaction; another that was accepted gives way. */
export async function acceptKey(
  db: TenantDb,
  deviceId: DeviceId,
  fingerprint: Sha256,
  decider: Decider,
): Promise<void> {
  const held = await holdDeviceFacts(db, deviceId);
  assert(held?.facts.hasPendingKey === true, "a key that is accepted waited before");
  const change = changeDevice(held.facts, "accept");
  assert(change.kind === "changed", "accepting a waiting key changes its device");
  await apply(db, deviceId, change, fingerprint, decider);
  await raisePlanningEpoch(db);
}

async function apply(
  db: TenantDb,
  deviceId: DeviceId,
  change: Extract<DeviceChange, { readonly kind: "changed" }>,
  pendingKey: Sha256 | undefined,
  decider: Decider,
): Promise<void> {
  switch (change.keys) {
    case "keep":
      break;
    case "accept-pending":
      assert(pendingKey !== undefined, "a key is waiting");
      await revokeKeys(db, deviceId, ["accepted"]);
      await setKeyState(db, pendingKey, "accepted");
      break;
    case "revoke-all":
      await revokeKeys(db, deviceId, ["pending", "accepted", "rejected"]);
      break;
  }
  if (change.settlesConflict) await clearIdentityConflict(db, deviceId);
  if (change.endsSessions) await raiseCredentialEpoch(db, deviceId);
  await setDeviceState(db, deviceId, change.state, decider.at);
  await announce(db, deviceId, change.state, decider);
}

async function announce(
  db: TenantDb,
  deviceId: DeviceId,
  state: DeviceState,
  { at, by }: Decider,
): Promise<void> {
  await appendEvent(db, { at, deviceId, body: { kind: "device-state-changed", state, by } });
}

/** Why nothing can be done about the device. */
export const impossibleSentence = ({ state }: Pick<DeviceFacts, "state">): string =>
  `The device is ${state}, and that is for good: give the machine another identity and let it enrol again.`;
