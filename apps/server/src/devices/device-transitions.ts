import type { DeviceState } from "@moult/model";

/** What an operator can decide about a device. */
export type DeviceAction = "accept" | "reject" | "decommission";

/** Every change of a device's state. What is missing is impossible; `decommissioned` is for good. */
export const DEVICE_TRANSITIONS: Readonly<
  Record<DeviceState, Readonly<Partial<Record<DeviceAction, DeviceState>>>>
> = {
  pending: { accept: "accepted", reject: "rejected", decommission: "decommissioned" },
  accepted: { accept: "accepted", reject: "rejected", decommission: "decommissioned" },
  rejected: { accept: "accepted", reject: "rejected", decommission: "decommissioned" },
  decommissioned: { decommission: "decommissioned" },
};

export interface DeviceFacts {
  readonly state: DeviceState;
  /** A key that asked to be this device's waits for an operator. */
  readonly hasPendingKey: boolean;
  readonly hasIdentityConflict: boolean;
}

/** What an action comes to: the device's state after it, and what has to be done in the same transaction. */
export type DeviceChange =
  | { readonly kind: "impossible" }
  /** It was decided so already. */
  | { readonly kind: "unchanged" }
  /** Only the waiting key is turned down; the device and the key it works with stay. */
  | { readonly kind: "key-rejected" }
  | {
      readonly kind: "changed";
      readonly state: DeviceState;
      /** `accept-pending` revokes the key that was accepted before. */
      readonly keys: "keep" | "accept-pending" | "revoke-all";
      /** Clears an identity conflict, and forgets which machines were involved. */
      readonly settlesConflict: boolean;
      readonly endsSessions: boolean;
      /** Closes the update that the device is in. */
      readonly closesUpdate: boolean;
    };

/** Decides what an operator's action does to a device. */
export function changeDevice(facts: DeviceFacts, action: DeviceAction): DeviceChange {
  const state = DEVICE_TRANSITIONS[facts.state][action];
  if (state === undefined) return { kind: "impossible" };
  switch (action) {
    case "accept": {
      const isSettled = !facts.hasPendingKey && !facts.hasIdentityConflict;
      if (facts.state === state && isSettled) return { kind: "unchanged" };
      return {
        kind: "changed",
        state,
        keys: facts.hasPendingKey ? "accept-pending" : "keep",
        settlesConflict: facts.hasIdentityConflict,
        // A machine with a key that gave way, or with a conflict, must prove anew who it is.
        endsSessions: !isSettled,
        closesUpdate: false,
      };
    }
    case "reject":
      if (facts.state === "rejected") return { kind: "unchanged" };
      if (facts.state === "accepted" && facts.hasPendingKey) return { kind: "key-rejected" };
      return {
        kind: "changed",
        state,
        keys: "keep",
        settlesConflict: false,
        endsSessions: true,
        closesUpdate: true,
      };
    case "decommission":
      if (facts.state === "decommissioned") return { kind: "unchanged" };
      return {
        kind: "changed",
        state,
        keys: "revoke-all",
        settlesConflict: true,
        endsSessions: true,
        closesUpdate: true,
      };
  }
}
