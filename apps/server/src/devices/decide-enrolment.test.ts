import type { DeviceState, ProductName, Sha256 } from "@moult/model";
import { describe, expect, test } from "vitest";
import {
  decideEnrolment,
  type EnrolmentDecision,
  type EnrolmentFacts,
  type KeyState,
  type KnownKey,
} from "./decide-enrolment.ts";

const product = "gateway" as ProductName;
const otherProduct = "camera" as ProductName;
const identity = "1".repeat(64) as Sha256;
const otherIdentity = "2".repeat(64) as Sha256;

const asking = (facts: Partial<EnrolmentFacts> = {}): EnrolmentFacts => ({
  product,
  identitySha256: identity,
  knownKey: undefined,
  knownIdentity: undefined,
  preauthorisation: undefined,
  token: "absent",
  pendingDevices: 0,
  limits: { pendingDevicesMax: 3, pendingKeysPerDeviceMax: 2 },
  ...facts,
});
const knownKey = (keyState: KeyState, deviceState: DeviceState = "accepted"): KnownKey => ({
  keyState,
  deviceState,
  product,
  identitySha256: identity,
});
const bound = { product, identitySha256: identity };
const unbound = { product, identitySha256: null };
const admits = { accepts: false };
const accepts = { accepts: true };

const closed: EnrolmentDecision = { kind: "refused", reason: "enrolment-closed" };
const byToken = { by: "token" } as const;
const byPreauthorisation = { by: "preauthorisation" } as const;

describe("a new device", () => {
  test.each<[string, Partial<EnrolmentFacts>, EnrolmentDecision]>([
    ["without anything is turned away", {}, closed],
    ["with a token waits", { token: admits }, { kind: "pending", ...byToken }],
    ["with an accepting token is accepted", { token: accepts }, { kind: "accepted", ...byToken }],
    [
      "with an unusable token is told so",
      { token: "invalid" },
      { kind: "refused", reason: "enrolment-token-invalid" },
    ],
    [
      "that is preauthorised is accepted",
      { preauthorisation: unbound },
      { kind: "accepted", ...byPreauthorisation },
    ],
    [
      "that is preauthorised by identity is accepted",
      { preauthorisation: bound },
      { kind: "accepted", ...byPreauthorisation },
    ],
    [
      "that is preauthorised needs no token, and does not use one up",
      { preauthorisation: bound, token: accepts },
      { kind: "accepted", ...byPreauthorisation },
    ],
    [
      "with another identity than the preauthorised one is turned away",
      { preauthorisation: { product, identitySha256: otherIdentity } },
      closed,
    ],
    [
      "that is preauthorised for another product is turned away",
      { preauthorisation: { product: otherProduct, identitySha256: null } },
      closed,
    ],
    [
      "that is preauthorised for another product may still use a token",
      { preauthorisation: { product: otherProduct, identitySha256: null }, token: admits },
      { kind: "pending", ...byToken },
    ],
    [
      "waits only while there is room",
      { token: admits, pendingDevices: 3 },
      { kind: "refused", reason: "pending-limit" },
    ],
    [
      "that need not wait needs no room",
      { token: accepts, pendingDevices: 3 },
      { kind: "accepted", ...byToken },
    ],
  ])("%s", (_, facts, decision) => {
    expect(decideEnrolment(asking(facts))).toEqual(decision);
  });
});

describe("another key for a known identity", () => {
  const accepted = { deviceState: "accepted", pendingKeys: 0 } as const;
  const pending = { deviceState: "pending", pendingKeys: 1 } as const;

  test.each<[string, Partial<EnrolmentFacts>, EnrolmentDecision]>([
    ["is turned away without a token", { knownIdentity: accepted }, closed],
    [
      "waits beside the key that works",
      { knownIdentity: accepted, token: admits },
      { kind: "pending", ...byToken },
    ],
    [
      "waits even with an accepting token: its holder chose the identity",
      { knownIdentity: accepted, token: accepts },
      { kind: "pending", ...byToken },
    ],
    [
      "takes over when it was preauthorised for this identity",
      { knownIdentity: accepted, preauthorisation: bound },
      { kind: "accepted", ...byPreauthorisation },
    ],
    [
      "waits when it was preauthorised for whatever identity",
      { knownIdentity: accepted, preauthorisation: unbound },
      { kind: "pending", ...byPreauthorisation },
    ],
    [
      "waits when another key is waiting for the same identity",
      { knownIdentity: pending, token: accepts },
      { kind: "pending", ...byToken },
    ],
    [
      "is accepted when it was preauthorised and no key works yet",
      { knownIdentity: pending, preauthorisation: unbound },
      { kind: "accepted", ...byPreauthorisation },
    ],
    [
      "is turned away when too many keys wait",
      { knownIdentity: { deviceState: "accepted", pendingKeys: 2 }, token: admits },
      { kind: "refused", reason: "pending-limit" },
    ],
    [
      "needs no room among the devices that wait",
      { knownIdentity: accepted, token: admits, pendingDevices: 3 },
      { kind: "pending", ...byToken },
    ],
    [
      "of a rejected device is turned away",
      { knownIdentity: { deviceState: "rejected", pendingKeys: 0 }, preauthorisation: bound },
      { kind: "refused", reason: "device-rejected" },
    ],
    [
      "of a decommissioned device is turned away",
      { knownIdentity: { deviceState: "decommissioned", pendingKeys: 0 }, token: accepts },
      { kind: "refused", reason: "device-decommissioned" },
    ],
  ])("%s", (_, facts, decision) => {
    expect(decideEnrolment(asking(facts))).toEqual(decision);
  });
});

describe("a key that asks again", () => {
  test.each<[string, KnownKey, Partial<EnrolmentFacts>, EnrolmentDecision]>([
    ["is accepted still", knownKey("accepted"), {}, { kind: "as-known", state: "accepted" }],
    [
      "waits still, whatever token it shows",
      knownKey("pending", "pending"),
      { token: accepts },
      { kind: "as-known", state: "pending" },
    ],
    [
      "is accepted once it has been preauthorised",
      knownKey("pending", "pending"),
      { preauthorisation: unbound },
      { kind: "accepted", ...byPreauthorisation },
    ],
    [
      "takes over once it has been preauthorised for this identity",
      knownKey("pending", "accepted"),
      { preauthorisation: bound },
      { kind: "accepted", ...byPreauthorisation },
    ],
    [
      "does not take over by a preauthorisation for whatever identity",
      knownKey("pending", "accepted"),
      { preauthorisation: unbound },
      { kind: "as-known", state: "pending" },
    ],
    [
      "cannot reach another device by claiming its identity now",
      { ...knownKey("pending", "accepted"), identitySha256: otherIdentity },
      { preauthorisation: bound },
      { kind: "as-known", state: "pending" },
    ],
    ["was rejected", knownKey("rejected"), {}, { kind: "as-known", state: "rejected" }],
    ["gave way to another", knownKey("revoked"), {}, { kind: "as-known", state: "rejected" }],
    [
      "of a rejected device stays out",
      knownKey("pending", "rejected"),
      { preauthorisation: bound, token: accepts },
      { kind: "as-known", state: "rejected" },
    ],
    [
      "of a decommissioned device never comes back",
      knownKey("revoked", "decommissioned"),
      { preauthorisation: bound, token: accepts },
      { kind: "as-known", state: "decommissioned" },
    ],
    [
      "is of one product only",
      { ...knownKey("accepted"), product: otherProduct },
      { token: accepts },
      { kind: "refused", reason: "state-conflict" },
    ],
  ])("%s", (_, known, facts, decision) => {
    expect(decideEnrolment(asking({ ...facts, knownKey: known }))).toEqual(decision);
  });
});
