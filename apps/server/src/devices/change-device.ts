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
  pendingKeysOf,
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
    const facts = await holdDeviceFacts(inner, deviceId);
    if (facts === undefined) throw new ApiError("not-found", "There is no device with this id.");
    const change = changeDevice(facts, action);
    const [pendingKey] = await pendingKeysOf(inner, deviceId);
    switch (change.kind) {
      case "impossible":
        throw new ApiError("state-conflict", impossible(facts));
      case "unchanged":
        return;
      case "key-rejected":
        if (pendingKey !== undefined) await setKeyState(inner, pendingKey, "rejected");
        await announce(inner, deviceId, facts.state, decider);
        return;
      case "changed":
        if (change.closesUpdate)
          await closeOpenAssignment(
            inner,
            deviceId,
            action === "decommission" ? "device-decommissioned" : "device-rejected",
          );
        await apply(inner, deviceId, change, pendingKey, decider);
    }
  });
}

/** Accepts one waiting key of a device, in the caller's transaction; another that was accepted gives way. */
export async function acceptKey(
  db: TenantDb,
  deviceId: DeviceId,
  fingerprint: Sha256,
  decider: Decider,
): Promise<void> {
  const facts = await holdDeviceFacts(db, deviceId);
  assert(facts?.hasPendingKey === true, "a key that is accepted waited before");
  const change = changeDevice(facts, "accept");
  assert(change.kind === "changed", "accepting a waiting key changes its device");
  await apply(db, deviceId, change, fingerprint, decider);
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
  await raisePlanningEpoch(db);
}

async function announce(
  db: TenantDb,
  deviceId: DeviceId,
  state: DeviceState,
  { at, by }: Decider,
): Promise<void> {
  await appendEvent(db, { at, deviceId, body: { kind: "device-state-changed", state, by } });
}

const impossible = ({ state }: DeviceFacts): string =>
  `The device is ${state}, and that is for good: give the machine another identity and let it enrol again.`;
