import { randomInt } from "node:crypto";
import type { InstantMs } from "@moult/base";
import type { DeviceId, DeviceIdentity, HardwareType, ProductName } from "@moult/model";
import { appendEvent } from "../platform/events.ts";
import { newId } from "../platform/new-id.ts";
import { UNDECIDED_EPOCH, raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { holdProduct } from "../products/index.ts";
import { identityDigest, searchTextOf } from "./device-identity.ts";
import { DRAW_END } from "./enrol-device.ts";
import { deviceByIdentity, insertDevice } from "./queries.ts";

export interface KeylessDevice {
  readonly product: ProductName;
  readonly hardwareType: HardwareType;
  readonly identity: DeviceIdentity;
  readonly name: string | null;
}

/**
 * Adds a device that has no key of its own and that a person vouches for, in the caller's transaction: it is accepted. What it
 * proves itself by is the caller's to keep.
 */
export async function addKeylessDevice(
  db: TenantDb,
  { product, hardwareType, identity, name }: KeylessDevice,
  at: InstantMs,
): Promise<
  { readonly kind: "added"; readonly id: DeviceId } | { readonly kind: "no-product" | "known" }
> {
  if (!(await holdProduct(db, product))) return { kind: "no-product" };
  const identitySha256 = identityDigest(identity);
  if ((await deviceByIdentity(db, product, identitySha256)) !== undefined) return { kind: "known" };
  const id = newId<DeviceId>(at);
  await insertDevice(
    db,
    {
      id,
      product,
      hardwareType,
      name,
      identity,
      identitySha256,
      searchText: searchTextOf({ id, name, identity }),
      state: "accepted",
      draw: randomInt(1, DRAW_END),
      traits: null,
      enrolledAt: at,
    },
    UNDECIDED_EPOCH,
  );
  await appendEvent(db, {
    at,
    deviceId: id,
    body: { kind: "device-enrolled", product, state: "accepted" },
  });
  await raisePlanningEpoch(db);
  return { kind: "added", id };
}
