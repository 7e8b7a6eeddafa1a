import type {
  ControllerGateway,
  ControllerGatewayId,
  DeviceId,
  DeviceState,
  HardwareType,
  ProductName,
  Sha256,
} from "@moult/model";
import { isoFrom } from "../platform/columns.ts";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/** What authenticating a controller takes, in one row. */
export interface ControllerRecord {
  readonly deviceId: DeviceId;
  readonly product: ProductName;
  readonly state: DeviceState;
  readonly credentialEpoch: number;
  readonly tokenSha256: Sha256 | null;
  readonly usesCertificate: boolean;
  readonly wantsAttributes: boolean;
  /** JSON text. */
  readonly traits: string | null;
}

export async function controllerById(
  db: TenantDb,
  controllerId: string,
): Promise<ControllerRecord | undefined> {
  const row = await db.kysely
    .selectFrom("controller")
    .innerJoin("device", "device.id", "controller.device_id")
    .select([
      "controller.device_id as deviceId",
      "device.product as product",
      "device.state as state",
      "device.credential_epoch as credentialEpoch",
      "controller.token_sha256 as tokenSha256",
      "controller.uses_certificate as certificate",
      "controller.wants_attributes as attributes",
      "device.traits as traits",
    ])
    .where("controller.tenant_id", "=", db.tenantId)
    .where("controller.controller_id", "=", controllerId)
    .where("device.tenant_id", "=", db.tenantId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { certificate, attributes, ...record } = row;
  return { ...record, usesCertificate: certificate === 1, wantsAttributes: attributes === 1 };
}

/** False when the tenant has a controller of that name. */
export async function insertController(
  db: TenantDb,
  controller: {
    readonly controllerId: string;
    readonly deviceId: DeviceId;
    readonly tokenSha256: Sha256 | null;
    readonly usesCertificate: boolean;
    readonly createdAt: number;
  },
): Promise<boolean> {
  const inserted = await db.kysely
    .insertInto("controller")
    .values({
      tenant_id: db.tenantId,
      controller_id: controller.controllerId,
      device_id: controller.deviceId,
      token_sha256: controller.tokenSha256,
      uses_certificate: controller.usesCertificate ? 1 : 0,
      wants_attributes: 1,
      created_at: controller.createdAt,
    })
    .onConflict((conflict) => conflict.columns(["tenant_id", "controller_id"]).doNothing())
    .returning("controller_id")
    .executeTakeFirst();
  return inserted !== undefined;
}

/** False when there is no such controller. */
export async function setControllerToken(
  db: TenantDb,
  controllerId: string,
  tokenSha256: Sha256,
): Promise<boolean> {
  const changed = await db.kysely
    .updateTable("controller")
    .set({ token_sha256: tokenSha256 })
    .where("tenant_id", "=", db.tenantId)
    .where("controller_id", "=", controllerId)
    .returning("controller_id")
    .executeTakeFirst();
  return changed !== undefined;
}

export async function setWantsAttributes(
  db: TenantDb,
  deviceId: DeviceId,
  wants: boolean,
): Promise<void> {
  await db.kysely
    .updateTable("controller")
    .set({ wants_attributes: wants ? 1 : 0 })
    .where("tenant_id", "=", db.tenantId)
    .where("device_id", "=", deviceId)
    .execute();
}

/** The gateway of a token, if it speaks for this controller. */
export async function gatewayFor(
  db: TenantDb,
  secretSha256: Sha256,
  controllerId: string,
): Promise<{ readonly product: ProductName; readonly hardwareType: HardwareType } | undefined> {
  return db.kysely
    .selectFrom("controller_gateway as gateway")
    .innerJoin("controller_gateway_member as member", "member.gateway_id", "gateway.id")
    .select(["gateway.product as product", "gateway.hardware_type as hardwareType"])
    .where("gateway.tenant_id", "=", db.tenantId)
    .where("gateway.secret_sha256", "=", secretSha256)
    .where("member.tenant_id", "=", db.tenantId)
    .where("member.controller_id", "=", controllerId)
    .executeTakeFirst();
}

export async function insertGateway(
  db: TenantDb,
  gateway: ControllerGateway,
  secretSha256: Sha256,
): Promise<void> {
  await db.kysely
    .insertInto("controller_gateway")
    .values({
      id: gateway.id,
      tenant_id: db.tenantId,
      product: gateway.product,
      hardware_type: gateway.hardwareType,
      label: storableText(gateway.label),
      secret_sha256: secretSha256,
      created_at: Date.parse(gateway.createdAt),
    })
    .execute();
  await db.kysely
    .insertInto("controller_gateway_member")
    .values(
      gateway.controllerIds.map((controllerId) => ({
        tenant_id: db.tenantId,
        gateway_id: gateway.id,
        controller_id: controllerId,
      })),
    )
    .execute();
}

/** Newest first. */
export async function gatewaysOf(db: TenantDb): Promise<ControllerGateway[]> {
  const rows = await db.kysely
    .selectFrom("controller_gateway")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .execute();
  const members = await db.kysely
    .selectFrom("controller_gateway_member")
    .select(["gateway_id", "controller_id"])
    .where("tenant_id", "=", db.tenantId)
    .orderBy("controller_id")
    .execute();
  return rows.map((row) => ({
    id: row.id,
    product: row.product,
    hardwareType: row.hardware_type,
    label: row.label,
    controllerIds: members
      .filter((member) => member.gateway_id === row.id)
      .map((member) => member.controller_id),
    createdAt: isoFrom(row.created_at),
  }));
}

/** False when there is no such gateway. */
export async function deleteGatewayRows(db: TenantDb, id: ControllerGatewayId): Promise<boolean> {
  await db.kysely
    .deleteFrom("controller_gateway_member")
    .where("tenant_id", "=", db.tenantId)
    .where("gateway_id", "=", id)
    .execute();
  const deleted = await db.kysely
    .deleteFrom("controller_gateway")
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", id)
    .returning("id")
    .executeTakeFirst();
  return deleted !== undefined;
}
