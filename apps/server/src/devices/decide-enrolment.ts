import type { ErrorCode } from "@moult/api";
import type { DeviceState, ProductName, Sha256 } from "@moult/model";

/** `revoked` gave way to another key of its device, or its device was decommissioned: it never works again. */
export type KeyState = "pending" | "accepted" | "rejected" | "revoked";

/** Everything that the answer to a device that asks to join depends on. */
export interface EnrolmentFacts {
  readonly product: ProductName;
  readonly identitySha256: Sha256;
  /** The device that this key belongs to. */
  readonly knownKey: KnownKey | undefined;
  /** The product's device of this identity, when the key is none of its own. */
  readonly knownIdentity: KnownIdentity | undefined;
  /** An unused one for this key; `identitySha256` null: for whatever identity. */
  readonly preauthorisation:
    | { readonly product: ProductName; readonly identitySha256: Sha256 | null }
    | undefined;
  /** `invalid`: unknown, expired, used up, or for another product. */
  readonly token: "absent" | "invalid" | { readonly accepts: boolean };
  /** Of this product. */
  readonly pendingDevices: number;
  readonly limits: EnrolmentLimits;
}

export interface KnownKey {
  readonly keyState: KeyState;
  readonly deviceState: DeviceState;
  readonly product: ProductName;
  readonly identitySha256: Sha256;
}

export interface KnownIdentity {
  readonly deviceState: DeviceState;
  readonly pendingKeys: number;
}

export interface EnrolmentLimits {
  /** Devices of one product that wait for an operator. */
  readonly pendingDevicesMax: number;
  /** Keys that wait to become one device's. */
  readonly pendingKeysPerDeviceMax: number;
}

/** `by` is what the answer uses up. */
export type EnrolmentDecision =
  /** The key asked before, and nothing that was decided about it changes. */
  | { readonly kind: "as-known"; readonly state: DeviceState }
  | { readonly kind: "accepted"; readonly by: "preauthorisation" | "token" }
  | { readonly kind: "pending"; readonly by: "preauthorisation" | "token" }
  | { readonly kind: "refused"; readonly reason: ErrorCode };

/**
 * Decides about a device that asks to join.
 *
 * | who asks                                  | with a preauthorisation            | with a token                 |
 * |-------------------------------------------|------------------------------------|------------------------------|
 * | a new identity                            | accepted                           | accepted or pending, as it says |
 * | an accepted device's identity, other key  | accepted if it names the identity, else pending | pending         |
 * | a pending device's identity, other key    | accepted                           | pending                      |
 * | the same key again, pending               | as if it were new                  | stays pending                |
 * | the same key again, otherwise             | what was decided stands            | what was decided stands      |
 *
 * Who holds a token or an unbound preauthorisation chooses the identity it claims, so neither may take over a device that
 * works: its old key stays until an operator, or a preauthorisation that names this very identity, says otherwise.
 */
export function decideEnrolment(facts: EnrolmentFacts): EnrolmentDecision {
  const { knownKey, knownIdentity } = facts;
  if (knownKey !== undefined) return decideKnownKey(facts, knownKey);
  if (knownIdentity?.deviceState === "decommissioned")
    return { kind: "refused", reason: "device-decommissioned" };
  if (knownIdentity?.deviceState === "rejected")
    return { kind: "refused", reason: "device-rejected" };

  const vouched = vouchedFor(facts, facts.identitySha256, knownIdentity?.deviceState);
  if (vouched === "accepted") return { kind: "accepted", by: "preauthorisation" };
  const by = vouched === "pending" ? "preauthorisation" : "token";
  if (by === "token") {
    if (facts.token === "absent") return { kind: "refused", reason: "enrolment-closed" };
    if (facts.token === "invalid") return { kind: "refused", reason: "enrolment-token-invalid" };
    if (facts.token.accepts && knownIdentity === undefined) return { kind: "accepted", by };
  }
  return hasPlace(facts) ? { kind: "pending", by } : { kind: "refused", reason: "pending-limit" };
}

function decideKnownKey(facts: EnrolmentFacts, known: KnownKey): EnrolmentDecision {
  if (known.product !== facts.product) return { kind: "refused", reason: "state-conflict" };
  if (known.deviceState === "decommissioned") return { kind: "as-known", state: "decommissioned" };
  if (known.deviceState === "rejected") return { kind: "as-known", state: "rejected" };
  switch (known.keyState) {
    case "accepted":
      return { kind: "as-known", state: known.deviceState };
    case "rejected":
    case "revoked":
      return { kind: "as-known", state: "rejected" };
    case "pending":
      return vouchedFor(facts, known.identitySha256, known.deviceState) === "accepted"
        ? { kind: "accepted", by: "preauthorisation" }
        : { kind: "as-known", state: "pending" };
  }
}

/** How far the preauthorisation of this key reaches for a device of that identity, in that state if there is one. */
function vouchedFor(
  { preauthorisation, product }: EnrolmentFacts,
  identitySha256: Sha256,
  deviceState: DeviceState | undefined,
): "accepted" | "pending" | "no" {
  if (preauthorisation?.product !== product) return "no";
  if (preauthorisation.identitySha256 === identitySha256) return "accepted";
  if (preauthorisation.identitySha256 !== null) return "no";
  return deviceState === "accepted" ? "pending" : "accepted";
}

const hasPlace = ({ knownIdentity, pendingDevices, limits }: EnrolmentFacts): boolean =>
  knownIdentity === undefined
    ? pendingDevices < limits.pendingDevicesMax
    : knownIdentity.pendingKeys < limits.pendingKeysPerDeviceMax;
