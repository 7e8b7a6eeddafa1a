import { hash } from "node:crypto";
import {
  DeviceIdentity,
  type ClientTraits,
  type DeviceId,
  type DeviceState,
  type HardwareType,
  type ProductName,
  type Sha256,
} from "@moult/model";
import { fromJson } from "../platform/columns.ts";
import { storableJson } from "../platform/storable-json.ts";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { KeyState, KnownIdentity } from "./decide-enrolment.ts";
import { sortNameOf } from "./device-identity.ts";
import type { KnownInstances } from "./decide-instance.ts";
import type { DeviceFacts } from "./device-transitions.ts";

/** A key and the device that it belongs to. */
export interface DeviceByKey {
  readonly deviceId: DeviceId;
  readonly keyState: KeyState;
  /** Base64 of the DER SubjectPublicKeyInfo. */
  readonly publicKey: string;
  readonly deviceState: DeviceState;
  readonly product: ProductName;
  readonly hardwareType: HardwareType;
  readonly identitySha256: Sha256;
  /** Sessions of an older epoch are void. */
  readonly credentialEpoch: number;
  readonly hasIdentityConflict: boolean;
}

export async function deviceByKey(
  db: TenantDb,
  fingerprint: Sha256,
): Promise<DeviceByKey | undefined> {
  const row = await db.kysely
    .selectFrom("device_key")
    .innerJoin("device", "device.id", "device_key.device_id")
    .select([
      "device.id as deviceId",
      "device_key.state as keyState",
      "device_key.public_key as publicKey",
      "device.state as deviceState",
      "device.product",
      "device.hardware_type as hardwareType",
      "device.identity_sha256 as identitySha256",
      "device.credential_epoch as credentialEpoch",
      "device.identity_conflict_at as identityConflictAt",
    ])
    .where("device_key.tenant_id", "=", db.tenantId)
    .where("device.tenant_id", "=", db.tenantId)
    .where("device_key.fingerprint", "=", fingerprint)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { identityConflictAt, ...device } = row;
  return { ...device, hasIdentityConflict: identityConflictAt !== null };
}

/** The product's device of an identity. */
export async function deviceByIdentity(
  db: TenantDb,
  product: ProductName,
  identitySha256: Sha256,
): Promise<(KnownIdentity & { readonly deviceId: DeviceId }) | undefined> {
  const device = await db.kysely
    .selectFrom("device")
    .select(["id", "state"])
    .where("tenant_id", "=", db.tenantId)
    .where("product", "=", product)
    .where("identity_sha256", "=", identitySha256)
    .executeTakeFirst();
  if (device === undefined) return undefined;
  const pending = await pendingKeysOf(db, device.id);
  return { deviceId: device.id, deviceState: device.state, pendingKeys: pending.length };
}

/** Keys that wait to become the device's, the one that asked first first. */
async function pendingKeysOf(db: TenantDb, deviceId: DeviceId): Promise<Sha256[]> {
  const rows = await db.kysely
    .selectFrom("device_key")
    .select("fingerprint")
    .where("tenant_id", "=", db.tenantId)
    .where("device_id", "=", deviceId)
    .where("state", "=", "pending")
    .orderBy("created_at")
    .orderBy("fingerprint")
    .execute();
  return rows.map(({ fingerprint }) => fingerprint);
}

/** Devices of the product that wait for an operator, counted up to `countMax`. */
export async function countPendingDevices(
  db: TenantDb,
  product: ProductName,
  countMax: number,
): Promise<number> {
  const rows = await db.kysely
    .selectFrom("device")
    .select("id")
    .where("tenant_id", "=", db.tenantId)
    .where("product", "=", product)
    .where("state", "=", "pending")
    .limit(countMax)
    .execute();
  return rows.length;
}

export interface NewDevice {
  readonly id: DeviceId;
  readonly product: ProductName;
  readonly hardwareType: HardwareType;
  readonly name: string | null;
  readonly identity: DeviceIdentity;
  readonly identitySha256: Sha256;
  readonly searchText: string;
  readonly state: "pending" | "accepted";
  readonly draw: number;
  /** Null: its client has not said. */
  readonly traits: ClientTraits | null;
  readonly enrolledAt: number;
}

export async function insertDevice(
  db: TenantDb,
  device: NewDevice,
  decidedEpoch: number,
): Promise<void> {
  await db.kysely
    .insertInto("device")
    .values({
      id: device.id,
      tenant_id: db.tenantId,
      product: device.product,
      hardware_type: device.hardwareType,
      name: device.name === null ? null : storableText(device.name),
      identity: storableJson(device.identity),
      identity_sha256: device.identitySha256,
      search_text: storableText(device.searchText),
      sort_name: sortNameOf(storableText(device.searchText)),
      state: device.state,
      draw: device.draw,
      credential_epoch: 0,
      identity_conflict_at: null,
      instance_id: null,
      previous_instance_id: null,
      ...traitsColumns(device.traits),
      running_artifact: null,
      running_provides: null,
      running_sha256: null,
      inventory_sha256: null,
      generation: 0,
      decided_epoch: decidedEpoch,
      next_decision_at: null,
      open_assignment_id: null,
      enrolled_at: device.enrolledAt,
      accepted_at: device.state === "accepted" ? device.enrolledAt : null,
      last_seen_at: null,
    })
    .execute();
}

/** False when the tenant knows the key already. */
export async function insertKey(
  db: TenantDb,
  key: {
    readonly fingerprint: Sha256;
    readonly deviceId: DeviceId;
    readonly publicKey: string;
    readonly state: "pending" | "accepted";
    readonly createdAt: number;
  },
): Promise<boolean> {
  const inserted = await db.kysely
    .insertInto("device_key")
    .values({
      fingerprint: key.fingerprint,
      tenant_id: db.tenantId,
      device_id: key.deviceId,
      public_key: key.publicKey,
      state: key.state,
      created_at: key.createdAt,
    })
    .onConflict((conflict) => conflict.columns(["tenant_id", "fingerprint"]).doNothing())
    .returning("fingerprint")
    .executeTakeFirst();
  return inserted !== undefined;
}

export async function setKeyState(
  db: TenantDb,
  fingerprint: Sha256,
  state: KeyState,
): Promise<void> {
  await db.kysely
    .updateTable("device_key")
    .set({ state })
    .where("tenant_id", "=", db.tenantId)
    .where("fingerprint", "=", fingerprint)
    .execute();
}

/** Ends the device's keys that are in one of `states`, for good. */
export async function revokeKeys(
  db: TenantDb,
  deviceId: DeviceId,
  states: readonly KeyState[],
): Promise<void> {
  await db.kysely
    .updateTable("device_key")
    .set({ state: "revoked" })
    .where("tenant_id", "=", db.tenantId)
    .where("device_id", "=", deviceId)
    .where("state", "in", states)
    .execute();
}

/** The facts that decide about a device, and the key that asked first, with its row held until the transaction ends. */
export async function holdDeviceFacts(
  db: TenantDb,
  deviceId: DeviceId,
): Promise<{ readonly facts: DeviceFacts; readonly pendingKey: Sha256 | undefined } | undefined> {
  const device = await db.kysely
    .updateTable("device")
    // A column without an index: writing one costs the same when its value stays.
    .set((row) => ({ draw: row.ref("draw") }))
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .returning(["state", "identity_conflict_at"])
    .executeTakeFirst();
  if (device === undefined) return undefined;
  const pending = await pendingKeysOf(db, deviceId);
  return {
    facts: {
      state: device.state,
      hasPendingKey: pending.length > 0,
      hasIdentityConflict: device.identity_conflict_at !== null,
    },
    pendingKey: pending[0],
  };
}

export async function setDeviceState(
  db: TenantDb,
  deviceId: DeviceId,
  state: DeviceState,
  at: number,
): Promise<void> {
  await db.kysely
    .updateTable("device")
    .set({ state, ...(state === "accepted" ? { accepted_at: at } : {}) })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .execute();
}

/** Voids every session that the device has. */
export async function raiseCredentialEpoch(db: TenantDb, deviceId: DeviceId): Promise<void> {
  await db.kysely
    .updateTable("device")
    .set((row) => ({ credential_epoch: row("credential_epoch", "+", 1) }))
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .execute();
}

/** Clears the conflict and forgets the instances, so that whichever machine was the right one starts afresh. */
export async function clearIdentityConflict(db: TenantDb, deviceId: DeviceId): Promise<void> {
  await db.kysely
    .updateTable("device")
    .set({ identity_conflict_at: null, instance_id: null, previous_instance_id: null })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .execute();
}

export async function instancesOf(
  db: TenantDb,
  deviceId: DeviceId,
): Promise<(KnownInstances & { readonly hasIdentityConflict: boolean }) | undefined> {
  const row = await db.kysely
    .selectFrom("device")
    .select(["instance_id", "previous_instance_id", "identity_conflict_at"])
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    instanceId: row.instance_id,
    previousInstanceId: row.previous_instance_id,
    hasIdentityConflict: row.identity_conflict_at !== null,
  };
}

export async function setInstances(
  db: TenantDb,
  deviceId: DeviceId,
  { instanceId, previousInstanceId }: KnownInstances,
): Promise<void> {
  await db.kysely
    .updateTable("device")
    .set({ instance_id: instanceId, previous_instance_id: previousInstanceId })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .execute();
}

/** The first conflict's instant stays until an operator settles it. */
export async function markIdentityConflict(
  db: TenantDb,
  deviceId: DeviceId,
  at: number,
): Promise<boolean> {
  const marked = await db.kysely
    .updateTable("device")
    .set({ identity_conflict_at: at })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .where("identity_conflict_at", "is", null)
    .returning("id")
    .executeTakeFirst();
  return marked !== undefined;
}

/** What people and its maker call a device. */
export async function deviceNames(
  db: TenantDb,
  deviceId: DeviceId,
): Promise<{ readonly name: string | null; readonly identity: DeviceIdentity } | undefined> {
  const row = await db.kysely
    .selectFrom("device")
    .select(["name", "identity"])
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .executeTakeFirst();
  return row === undefined
    ? undefined
    : { name: row.name, identity: fromJson(DeviceIdentity, row.identity) };
}

export async function setDeviceName(
  db: TenantDb,
  deviceId: DeviceId,
  name: string | null,
  searchText: string,
): Promise<void> {
  await db.kysely
    .updateTable("device")
    .set({
      name: name === null ? null : storableText(name),
      search_text: storableText(searchText),
      sort_name: sortNameOf(storableText(searchText)),
    })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .execute();
}

/** What kind of machine a device with an accepted key says it is. */
export async function setHardwareType(
  db: TenantDb,
  deviceId: DeviceId,
  hardwareType: HardwareType,
): Promise<void> {
  await db.kysely
    .updateTable("device")
    .set({ hardware_type: hardwareType })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .execute();
}

/** True when that is news. */
export async function setTraits(
  db: TenantDb,
  deviceId: DeviceId,
  traits: ClientTraits,
): Promise<boolean> {
  const columns = traitsColumns(traits);
  const changed = await db.kysely
    .updateTable("device")
    .set(columns)
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .where("traits_sha256", "is distinct from", columns.traits_sha256)
    .returning("id")
    .executeTakeFirst();
  return changed !== undefined;
}

function traitsColumns(traits: ClientTraits | null): {
  traits: string | null;
  traits_sha256: Sha256 | null;
} {
  if (traits === null) return { traits: null, traits_sha256: null };
  const text = storableJson(traits);
  return { traits: text, traits_sha256: hash("sha256", text) as Sha256 };
}
