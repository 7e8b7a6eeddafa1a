import type { DeviceIdentity, Sha256 } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import { identityDigest } from "./device-identity.ts";
import { deviceByKey, type DeviceByKey } from "./queries.ts";

/** A key and its device, as sessions need them. */
export type KeyedDevice = DeviceByKey;

/**
 * The device that a key belongs to, whatever became of either: a session needs `keyState` and `deviceState` accepted.
 * Undefined when the tenant has never seen the key.
 */
export function findDeviceByKey(
  db: TenantDb,
  fingerprint: Sha256,
): Promise<KeyedDevice | undefined> {
  return deviceByKey(db, fingerprint);
}

/** Whether the device is the one that its maker tells from others by this. */
export const isOfIdentity = (
  { identitySha256 }: Pick<KeyedDevice, "identitySha256">,
  identity: DeviceIdentity,
): boolean => identitySha256 === identityDigest(identity);
