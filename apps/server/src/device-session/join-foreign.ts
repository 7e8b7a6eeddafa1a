import { hash } from "node:crypto";
import type { Clock } from "@moult/base";
import {
  HardwareType,
  Sha256,
  type ClientTraits,
  type DeviceIdentity,
  type TenantId,
} from "@moult/model";
import { findDeviceByKey, isOfIdentity, joiningProduct } from "../devices/index.ts";
import { ApiError } from "../platform/api-error.ts";
import type { Database } from "../platform/database.ts";
import type { DeviceSessions } from "./create-device-sessions.ts";
import type { DevicePrincipal } from "./device-principal.ts";
import { traitsOf } from "./queries.ts";

/** A device that proved its key, and says who it is but neither of which product nor what kind of machine. */
export interface JoinRequest {
  /** DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  readonly identity: DeviceIdentity;
  readonly traits: ClientTraits;
  readonly token: string | undefined;
}

export interface JoinDeps {
  readonly database: Pick<Database, "tenant">;
  readonly sessions: Pick<DeviceSessions, "enrol" | "claimKey" | "begin">;
  readonly clock: Clock;
}

/** Until the device asks for updates and says what it is. No artifact is for it. */
const UNKNOWN_HARDWARE = HardwareType.parse("unknown");

/**
 * Enrols the device if it is new, and opens a session if it is accepted. Throws `ApiError` for every other standing, and for a
 * key that is another identity's: two machines would take turns at being one device.
 */
export async function joinForeign(
  tenantId: TenantId,
  { publicKey, identity, traits, token }: JoinRequest,
  { database, sessions, clock }: JoinDeps,
): Promise<DevicePrincipal> {
  const db = database.tenant(tenantId);
  const fingerprint = Sha256.parse(hash("sha256", publicKey));
  const known = await findDeviceByKey(db, fingerprint);
  if (known !== undefined && !isOfIdentity(known, identity))
    throw new ApiError("state-conflict", "This key belongs to a device of another identity.");
  if (known?.keyState !== "accepted" || known.deviceState !== "accepted") {
    const product = known?.product ?? (await joiningProduct(db, fingerprint, token, clock.now()));
    if (product === undefined)
      throw new ApiError(
        token === undefined ? "enrolment-closed" : "enrolment-token-invalid",
        "Nothing vouches for this device: neither its key nor its token is known.",
      );
    const hardwareType = known?.hardwareType ?? UNKNOWN_HARDWARE;
    await sessions.enrol(tenantId, { publicKey, product, hardwareType, identity, traits, token });
  }
  const claimed = await sessions.claimKey(tenantId, fingerprint);
  // Its client says which terms it can be told when it asks, and not here.
  const { cannotKeep } = (await traitsOf(db, claimed.principal.deviceId)) ?? {};
  return sessions.begin(claimed, {
    ...traits,
    ...(cannotKeep === undefined ? {} : { cannotKeep }),
  });
}
