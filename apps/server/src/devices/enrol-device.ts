import { hash, randomInt } from "node:crypto";
import type { ErrorCode } from "@moult/api";
import { present, type Clock, type InstantMs } from "@moult/base";
import {
  Sha256,
  type ClientTraits,
  type DeviceId,
  type DeviceIdentity,
  type DeviceState,
  type EnrolmentTokenId,
  type HardwareType,
  type Preauthorisation,
  type ProductName,
} from "@moult/model";
import { joinGroups } from "../groups/index.ts";
import { ApiError } from "../platform/api-error.ts";
import { appendEvent } from "../platform/events.ts";
import { newId } from "../platform/new-id.ts";
import { UNDECIDED_EPOCH, raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { holdProduct } from "../products/index.ts";
import { acceptKey } from "./change-device.ts";
import { decideEnrolment, type EnrolmentFacts, type EnrolmentLimits } from "./decide-enrolment.ts";
import { identityDigest, searchTextOf } from "./device-identity.ts";
import { enrolmentSecretDigest } from "./enrolment-secret.ts";
import { refusalDetail } from "./enrolment-refusal.ts";
import {
  chargeToken,
  openPreauthorisation,
  usableToken,
  usePreauthorisation,
} from "./enrolment-queries.ts";
import {
  countPendingDevices,
  deviceByIdentity,
  deviceNames,
  deviceByKey,
  insertDevice,
  insertKey,
  setDeviceName,
  setHardwareType,
} from "./queries.ts";
import { recordHardwareType } from "./record-report.ts";

/** A device that asks to join; whoever calls has verified that it holds the key. */
export interface EnrolmentRequest {
  /** DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  readonly product: ProductName;
  readonly hardwareType: HardwareType;
  readonly identity: DeviceIdentity;
  readonly traits: ClientTraits;
  readonly token?: string | undefined;
}

export interface EnrolmentDeps {
  readonly clock: Clock;
  readonly limits: EnrolmentLimits;
}

export type EnrolmentAnswer =
  | { readonly kind: "enrolled"; readonly deviceId: DeviceId; readonly state: DeviceState }
  | { readonly kind: "refused"; readonly reason: ErrorCode; readonly detail: string };

/** One more than the largest draw of a device, which is below the prime 2^31 - 1. */
export const DRAW_END = 2 ** 31 - 1;

/**
 * Answers a device that asks to join. The same key asking again gets its present state and changes nothing; a new key is
 * decided about in one transaction, in which no other enrolment of the product happens.
 */
export async function enrolDevice(
  db: TenantDb,
  request: EnrolmentRequest,
  deps: EnrolmentDeps,
): Promise<EnrolmentAnswer> {
  // Devices that wait to be accepted ask again and again, so what writes nothing takes no transaction either.
  const asked = await readFacts(db, request, deps);
  const first = decideEnrolment(asked.facts);
  if (first.kind === "refused") return refused(first.reason);
  if (first.kind === "as-known" && !asked.isOtherHardware) return enrolled(asked, first.state);

  return db.transaction(async (inner) => {
    await holdProduct(inner, request.product);
    const found = await readFacts(inner, request, deps);
    const decision = decideEnrolment(found.facts);
    switch (decision.kind) {
      case "refused":
        return refused(decision.reason);
      case "as-known":
        if (found.isOtherHardware && found.deviceId !== undefined) {
          const at = deps.clock.now();
          await recordHardwareType(inner, found.deviceId, request.hardwareType, "anew", at);
        }
        return enrolled(found, decision.state);
      case "accepted":
      case "pending":
        if (!(await useUp(inner, decision.by, found, deps.clock.now())))
          throw new ApiError("unavailable", "The permission to enrol changed just now; try again.");
        return found.deviceId === undefined
          ? addDevice(inner, request, found, decision.kind, deps.clock.now())
          : addKey(inner, request, { ...found, deviceId: found.deviceId }, decision, deps);
    }
  });
}

/** What was found about a request, and the rows that it was found in. */
interface Found {
  readonly facts: EnrolmentFacts;
  readonly fingerprint: Sha256;
  /** The device of this key, else that of this identity. */
  readonly deviceId: DeviceId | undefined;
  readonly tokenId: EnrolmentTokenId | undefined;
  readonly preauthorisation: Preauthorisation | undefined;
  /** It works with an accepted key, and was another kind of machine when it last said so. */
  readonly isOtherHardware: boolean;
}

async function readFacts(
  db: TenantDb,
  request: EnrolmentRequest,
  { clock, limits }: EnrolmentDeps,
): Promise<Found> {
  const { product, token } = request;
  const fingerprint = Sha256.parse(hash("sha256", request.publicKey));
  const identitySha256 = identityDigest(request.identity);
  const knownKey = await deviceByKey(db, fingerprint);
  const knownIdentity =
    knownKey === undefined ? await deviceByIdentity(db, product, identitySha256) : undefined;
  const preauthorisation = await openPreauthorisation(db, fingerprint);
  const usable =
    token === undefined || knownKey !== undefined
      ? undefined
      : await usableToken(db, enrolmentSecretDigest(token), product, clock.now());
  const mayBecomePending =
    knownKey === undefined &&
    knownIdentity === undefined &&
    (usable !== undefined || preauthorisation !== undefined);
  return {
    fingerprint,
    deviceId: knownKey?.deviceId ?? knownIdentity?.deviceId,
    tokenId: usable?.id,
    preauthorisation,
    isOtherHardware:
      knownKey?.keyState === "accepted" &&
      knownKey.deviceState === "accepted" &&
      knownKey.product === product &&
      knownKey.hardwareType !== request.hardwareType,
    facts: {
      product,
      identitySha256,
      knownKey,
      knownIdentity,
      preauthorisation:
        preauthorisation === undefined
          ? undefined
          : {
              product: preauthorisation.product,
              identitySha256:
                preauthorisation.identity === null
                  ? null
                  : identityDigest(preauthorisation.identity),
            },
      token: token === undefined ? "absent" : (usable ?? "invalid"),
      pendingDevices: mayBecomePending
        ? await countPendingDevices(db, product, limits.pendingDevicesMax)
        : 0,
      limits,
    },
  };
}

/** Uses up what the decision rests on; false when it is gone by now. */
async function useUp(
  db: TenantDb,
  by: "preauthorisation" | "token",
  { tokenId, preauthorisation }: Found,
  at: InstantMs,
): Promise<boolean> {
  if (by === "token")
    return chargeToken(db, present(tokenId, "who is let in by a token has a usable one"));
  const used = present(preauthorisation, "who is let in by a preauthorisation has one");
  return usePreauthorisation(db, used.id, at);
}

async function addDevice(
  db: TenantDb,
  request: EnrolmentRequest,
  { facts, fingerprint, preauthorisation }: Found,
  state: "accepted" | "pending",
  at: InstantMs,
): Promise<EnrolmentAnswer> {
  const { product, hardwareType, identity, traits } = request;
  const id = newId<DeviceId>(at);
  const name = preauthorisation?.product === product ? preauthorisation.name : null;
  await insertDevice(
    db,
    {
      id,
      product,
      hardwareType,
      name,
      identity,
      identitySha256: facts.identitySha256,
      searchText: searchTextOf({ id, name, identity }),
      state,
      draw: randomInt(1, DRAW_END),
      traits,
      enrolledAt: at,
    },
    UNDECIDED_EPOCH,
  );
  await insertNewKey(db, request, id, fingerprint, state, at);
  await appendEvent(db, { at, deviceId: id, body: { kind: "device-enrolled", product, state } });
  if (preauthorisation?.product === product)
    await joinGroups(db, id, preauthorisation.groupIds, at);
  if (state === "accepted") await raisePlanningEpoch(db);
  return { kind: "enrolled", deviceId: id, state };
}

/** A further key asks to be a known device's, or one that waited has been preauthorised meanwhile. */
async function addKey(
  db: TenantDb,
  request: EnrolmentRequest,
  found: Found & { readonly deviceId: DeviceId },
  decision: { readonly kind: "accepted" | "pending"; readonly by: string },
  { clock }: EnrolmentDeps,
): Promise<EnrolmentAnswer> {
  const { deviceId, fingerprint, facts } = found;
  const at = clock.now();
  if (facts.knownKey === undefined) {
    await insertNewKey(db, request, deviceId, fingerprint, "pending", at);
    await appendEvent(db, {
      at,
      deviceId,
      body: { kind: "device-enrolled", product: request.product, state: "pending" },
    });
  }
  if (decision.kind === "accepted") {
    await setHardwareType(db, deviceId, request.hardwareType);
    await nameIfNameless(db, deviceId, found.preauthorisation?.name ?? null);
    await joinGroups(db, deviceId, found.preauthorisation?.groupIds ?? [], at);
    await acceptKey(db, deviceId, fingerprint, { by: decision.by, at });
  }
  return { kind: "enrolled", deviceId, state: decision.kind };
}

/** A name that an operator gave meanwhile stays. */
async function nameIfNameless(
  db: TenantDb,
  deviceId: DeviceId,
  name: string | null,
): Promise<void> {
  if (name === null) return;
  const device = await deviceNames(db, deviceId);
  if (device === undefined || device.name !== null) return;
  const { identity } = device;
  await setDeviceName(db, deviceId, name, searchTextOf({ id: deviceId, name, identity }));
}

async function insertNewKey(
  db: TenantDb,
  { publicKey }: EnrolmentRequest,
  deviceId: DeviceId,
  fingerprint: Sha256,
  state: "accepted" | "pending",
  at: InstantMs,
): Promise<void> {
  const isNew = await insertKey(db, {
    fingerprint,
    deviceId,
    publicKey: Buffer.from(publicKey).toString("base64"),
    state,
    createdAt: at,
  });
  // Only an enrolment of the same key for another product can come in between.
  if (!isNew) throw new ApiError("unavailable", "This key is being enrolled elsewhere; try again.");
}

const enrolled = (found: Found, state: DeviceState): EnrolmentAnswer => ({
  kind: "enrolled",
  deviceId: present(found.deviceId, "a known key has a device"),
  state,
});

const refused = (reason: ErrorCode): EnrolmentAnswer => ({
  kind: "refused",
  reason,
  detail: refusalDetail(reason),
});
