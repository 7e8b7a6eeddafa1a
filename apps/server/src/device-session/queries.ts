import {
  ClientTraits,
  type AssignmentId,
  type DeviceId,
  type DeviceState,
  type HardwareType,
  type Sha256,
} from "@moult/model";
import { fromJson } from "../platform/columns.ts";
import type { PrepareRead, PreparedRead } from "../platform/prepare-read.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { SessionStanding } from "./device-principal.ts";

/** What decides whether a check-in brings any news, in one row. */
export interface PollRow {
  readonly state: DeviceState;
  readonly credentialEpoch: number;
  readonly generation: number;
  readonly decidedEpoch: number;
  readonly nextDecisionAt: number | null;
  readonly runningSha256: Sha256 | null;
  readonly inventorySha256: Sha256 | null;
  readonly contextSha256: Sha256 | null;
  readonly instanceId: string | null;
  readonly openAssignmentId: AssignmentId | null;
  readonly hardwareType: HardwareType;
  readonly traits: string | null;
  readonly planningEpoch: number;
}

export type ReadPollRow = PreparedRead<{ readonly deviceId: DeviceId }, PollRow>;

/** The one question of an idle check-in: the device and its tenant's epoch, both by their primary keys. */
export const preparePollRow = (prepareRead: PrepareRead): ReadPollRow =>
  prepareRead<{ readonly deviceId: DeviceId }, PollRow>((kysely, value) =>
    kysely
      .selectFrom("device")
      .innerJoin("tenant", "tenant.id", "device.tenant_id")
      .select([
        "device.state as state",
        "device.credential_epoch as credentialEpoch",
        "device.generation as generation",
        "device.decided_epoch as decidedEpoch",
        "device.next_decision_at as nextDecisionAt",
        "device.running_sha256 as runningSha256",
        "device.inventory_sha256 as inventorySha256",
        "device.context_sha256 as contextSha256",
        "device.instance_id as instanceId",
        "device.open_assignment_id as openAssignmentId",
        "device.hardware_type as hardwareType",
        "device.traits as traits",
        "tenant.planning_epoch as planningEpoch",
      ])
      .where("device.id", "=", value("deviceId"))
      .where("device.tenant_id", "=", value("tenantId")),
  );

export async function standingOf(
  db: TenantDb,
  deviceId: DeviceId,
): Promise<SessionStanding | undefined> {
  return db.kysely
    .selectFrom("device")
    .select(["state", "credential_epoch as credentialEpoch"])
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .executeTakeFirst();
}

/** Whether the device's client said the same of itself before, word by word. */
export async function hasTraits(
  db: TenantDb,
  deviceId: DeviceId,
  traits: string,
): Promise<boolean> {
  const same = await db.kysely
    .selectFrom("device")
    .select("id")
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .where("traits", "=", traits)
    .executeTakeFirst();
  return same !== undefined;
}

/** What the device's client said of itself; null: nothing yet. */
export async function traitsOf(db: TenantDb, deviceId: DeviceId): Promise<ClientTraits | null> {
  const row = await db.kysely
    .selectFrom("device")
    .select("traits")
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .executeTakeFirst();
  return row?.traits == null ? null : fromJson(ClientTraits, row.traits);
}

export async function planningEpochOf(db: TenantDb): Promise<number> {
  const { planning_epoch: epoch } = await db.kysely
    .selectFrom("tenant")
    .select("planning_epoch")
    .where("id", "=", db.tenantId)
    .executeTakeFirstOrThrow();
  return epoch;
}

/** Holds the device's row until the transaction ends, and says how it stands. */
export async function holdStanding(
  db: TenantDb,
  deviceId: DeviceId,
): Promise<SessionStanding | undefined> {
  return db.kysely
    .updateTable("device")
    .set((row) => ({ state: row.ref("state") }))
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .returning(["state", "credential_epoch as credentialEpoch"])
    .executeTakeFirst();
}

/** The device's answer as it is now, its row held. */
export interface HeldAnswer {
  readonly generation: number;
  readonly openAssignmentId: AssignmentId | null;
  readonly instanceId: string | null;
  readonly runningSha256: Sha256 | null;
  readonly inventorySha256: Sha256 | null;
  readonly contextSha256: Sha256 | null;
}

export async function heldAnswer(db: TenantDb, deviceId: DeviceId): Promise<HeldAnswer> {
  return db.kysely
    .selectFrom("device")
    .select([
      "generation",
      "open_assignment_id as openAssignmentId",
      "instance_id as instanceId",
      "running_sha256 as runningSha256",
      "inventory_sha256 as inventorySha256",
      "context_sha256 as contextSha256",
    ])
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .executeTakeFirstOrThrow();
}

/** When the device's answer was decided and when time may change it. */
export interface DecidedAt {
  readonly epoch: number;
  readonly nextDecisionAt: number | null;
}

/** Notes what an answer was decided at; `generation` only when it is a new answer. */
export async function setDecided(
  db: TenantDb,
  deviceId: DeviceId,
  { epoch, nextDecisionAt }: DecidedAt,
  generation?: number,
): Promise<void> {
  await db.kysely
    .updateTable("device")
    .set({
      decided_epoch: epoch,
      next_decision_at: nextDecisionAt,
      ...(generation === undefined ? {} : { generation }),
    })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .execute();
}

/** Takes back the answer of `generation`, so that the next check-in gets another one. */
export async function voidAnswer(
  db: TenantDb,
  deviceId: DeviceId,
  generation: number,
): Promise<void> {
  await db.kysely
    .updateTable("device")
    .set({ generation: generation + 1 })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .where("generation", "=", generation)
    .execute();
}

/**
 * Notes that the answer of `generation` still holds at a later epoch. Does nothing when the device was decided anew
 * meanwhile: then this answer is old, and the later one stands.
 */
export async function confirmDecided(
  db: TenantDb,
  deviceId: DeviceId,
  generation: number,
  decidedEpoch: number,
  { epoch, nextDecisionAt }: DecidedAt,
): Promise<void> {
  await db.kysely
    .updateTable("device")
    .set({ decided_epoch: epoch, next_decision_at: nextDecisionAt })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .where("generation", "=", generation)
    .where("decided_epoch", "=", decidedEpoch)
    .execute();
}
