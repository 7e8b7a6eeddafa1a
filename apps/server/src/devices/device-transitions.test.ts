import { DeviceState } from "@moult/model";
import { expect, test } from "vitest";
import {
  DEVICE_TRANSITIONS,
  changeDevice,
  type DeviceAction,
  type DeviceChange,
  type DeviceFacts,
} from "./device-transitions.ts";

const device = (facts: Partial<DeviceFacts>): DeviceFacts => ({
  state: "accepted",
  hasPendingKey: false,
  hasIdentityConflict: false,
  ...facts,
});
const ACTIONS: readonly DeviceAction[] = ["accept", "reject", "decommission"];

test.each<[string, Partial<DeviceFacts>, DeviceAction, Partial<DeviceChange>]>([
  [
    "a new device is accepted with the key that it asked with",
    { state: "pending", hasPendingKey: true },
    "accept",
    { state: "accepted", keys: "accept-pending" },
  ],
  ["a device that is accepted stays so", {}, "accept", { kind: "unchanged" }],
  [
    "a new key takes over and ends the sessions of the old one",
    { hasPendingKey: true },
    "accept",
    { keys: "accept-pending", endsSessions: true, closesUpdate: false },
  ],
  [
    "an identity conflict is settled, and both machines must prove themselves anew",
    { hasIdentityConflict: true },
    "accept",
    { keys: "keep", settlesConflict: true, endsSessions: true },
  ],
  [
    "a rejected device comes back with its key",
    { state: "rejected" },
    "accept",
    { state: "accepted", keys: "keep" },
  ],
  [
    "a new device is rejected",
    { state: "pending", hasPendingKey: true },
    "reject",
    { state: "rejected", keys: "keep" },
  ],
  [
    "a new key is rejected without harm to the device",
    { hasPendingKey: true },
    "reject",
    { kind: "key-rejected" },
  ],
  [
    "a rejected device loses its sessions and its update",
    {},
    "reject",
    { state: "rejected", endsSessions: true, closesUpdate: true },
  ],
  ["a rejected device stays so", { state: "rejected" }, "reject", { kind: "unchanged" }],
  [
    "a decommissioned device loses every key, its sessions and its update",
    { hasPendingKey: true },
    "decommission",
    { state: "decommissioned", keys: "revoke-all", endsSessions: true, closesUpdate: true },
  ],
  [
    "a decommissioned device cannot be accepted",
    { state: "decommissioned" },
    "accept",
    { kind: "impossible" },
  ],
  [
    "a decommissioned device cannot be rejected",
    { state: "decommissioned" },
    "reject",
    { kind: "impossible" },
  ],
  [
    "a decommissioned device stays so",
    { state: "decommissioned" },
    "decommission",
    { kind: "unchanged" },
  ],
])("%s", (_, facts, action, change) => {
  expect(changeDevice(device(facts), action)).toMatchObject(change);
});

test("every change leads where the table says, and nothing leads away from decommissioned", () => {
  for (const state of DeviceState.options)
    for (const action of ACTIONS)
      for (const hasPendingKey of [true, false])
        for (const hasIdentityConflict of [true, false]) {
          const change = changeDevice({ state, hasPendingKey, hasIdentityConflict }, action);
          if (change.kind === "changed")
            expect(change.state).toBe(DEVICE_TRANSITIONS[state][action]);
          if (change.kind === "impossible")
            expect(DEVICE_TRANSITIONS[state][action]).toBeUndefined();
          if (state === "decommissioned")
            expect(["impossible", "unchanged"]).toContain(change.kind);
        }
});

test("whoever leaves the accepted state has no sessions left", () => {
  for (const action of ACTIONS) {
    const change = changeDevice(device({}), action);
    if (change.kind === "changed" && change.state !== "accepted")
      expect(change.endsSessions && change.closesUpdate).toBe(true);
  }
});
