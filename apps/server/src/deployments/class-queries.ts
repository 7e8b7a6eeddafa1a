import {
  ClientTraits,
  DeviceIdentity,
  Provides,
  deviceLabel,
  type DeploymentId,
  type DeviceId,
  type DeviceState,
  type HardwareType,
  type ProductName,
  type Running,
  type TenantId,
} from "@moult/model";
import type { InstantMs } from "@moult/base";
import type { DeviceHoldFacts, SafeguardFacts } from "@moult/planner";
import { sql } from "kysely";
import { besideIndex } from "../platform/beside-index.ts";
import { inScope, isEverybody, type Scope } from "./scope-queries.ts";
import { heldDevices, holdFrom } from "./hold-facts-queries.ts";
import { fromJson } from "../platform/columns.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { keeping, keptOutBy, type HoldingSafeguard } from "./safeguard-queries.ts";

/** Devices that are alike in all that decides what they can take. */
export interface DeviceClass {
  readonly state: DeviceState;
  readonly hardwareType: HardwareType;
  readonly artifactName: string | null;
  /** What keeps them from the release that is asked about. */
  readonly safeguard: SafeguardFacts | null;
  /** Equal for all of one class, different for another; what they are is in the class's first device. */
  readonly key: string;
  readonly count: number;
  readonly firstId: DeviceId;
  readonly lastId: DeviceId;
}

export const CLASS_COLUMNS = [
  "device.state",
  "device.hardware_type",
  "device.running_artifact",
  "device.running_sha256",
  "device.traits_sha256",
] as const;

/** The devices of a scope by class, read from the index of classes alone. */
export async function deviceClasses(
  db: TenantDb,
  product: ProductName,
  scope: Scope,
  safeguards: readonly HoldingSafeguard[],
): Promise<DeviceClass[]> {
  const rows = await inScope(db, product, scope)
    .select([
      ...CLASS_COLUMNS,
      keptOutBy(db, safeguards).as("kept_out_by"),
      (row) => row.fn.countAll<number>().as("count"),
      (row) => row.fn.min("device.id").as("first_id"),
      (row) => row.fn.max("device.id").as("last_id"),
    ])
    .groupBy([...CLASS_COLUMNS, "kept_out_by"])
    .execute();
  return rows.map((row) => ({
    state: row.state,
    hardwareType: row.hardware_type,
    artifactName: row.running_artifact,
    safeguard: keeping(safeguards, row.kept_out_by),
    key: classKey(row),
    count: Number(row.count),
    firstId: row.first_id,
    lastId: row.last_id,
  }));
}

interface ClassColumns {
  readonly state: DeviceState;
  readonly hardware_type: HardwareType;
  readonly running_artifact: string | null;
  readonly running_sha256: string | null;
  readonly traits_sha256: string | null;
  readonly kept_out_by: string;
}

const classKey = (row: ClassColumns): string =>
  JSON.stringify([
    row.state,
    row.hardware_type,
    row.running_artifact,
    row.running_sha256,
    row.traits_sha256,
    row.kept_out_by,
  ]);

/** A device that is not as the rest of its class: two machines speak with its key, or a person holds it. */
export interface ExceptionalDevice {
  readonly id: DeviceId;
  /** Of its class. */
  readonly key: string;
  readonly hasIdentityConflict: boolean;
  readonly hold: DeviceHoldFacts | null;
}

/** Those of a scope; few, or an operator acts. */
export async function exceptionalDevices(
  db: TenantDb,
  product: ProductName,
  scope: Scope,
  safeguards: readonly HoldingSafeguard[],
  at: InstantMs,
): Promise<ExceptionalDevice[]> {
  const rows = await inScope(db, product, scope)
    .leftJoin("device_hold as hold", (join) =>
      join.onRef("hold.device_id", "=", "device.id").on("hold.tenant_id", "=", db.tenantId),
    )
    .select([
      "device.id as id",
      "device.identity_conflict_at as conflict_at",
      "hold.note as hold_note",
      "hold.held_by as held_by",
      "hold.held_at as held_at",
      "hold.until as held_until",
      keptOutBy(db, safeguards).as("kept_out_by"),
      ...CLASS_COLUMNS,
    ])
    .where((row) =>
      row.or([
        row("device.identity_conflict_at", "is not", null),
        row("device.id", "in", heldDevices(db, at)),
      ]),
    )
    .orderBy("device.id")
    .execute();
  return rows.map((row) => ({
    id: row.id,
    key: classKey(row),
    hasIdentityConflict: row.conflict_at !== null,
    hold: holdFrom(row),
  }));
}

/** What a device can take is decided by this and its class's columns. */
export interface ClassMember {
  readonly traits: ClientTraits | null;
  readonly running: Running | null;
}

/** A statement's parameters are bounded on both dialects. */
const IDS_PER_STATEMENT = 1_000;

/** What devices said of themselves, for one of each class. */
export async function classMembers(
  db: TenantDb,
  deviceIds: readonly DeviceId[],
): Promise<ReadonlyMap<DeviceId, ClassMember>> {
  const members = new Map<DeviceId, ClassMember>();
  for (let start = 0; start < deviceIds.length; start += IDS_PER_STATEMENT) {
    const rows = await db.kysely
      .selectFrom("device")
      .select(["id", "traits", "running_artifact", "running_provides"])
      .where(besideIndex(db, sql.ref<TenantId>("tenant_id")), "=", db.tenantId)
      .where("id", "in", deviceIds.slice(start, start + IDS_PER_STATEMENT))
      .execute();
    for (const row of rows)
      members.set(row.id, {
        traits: row.traits === null ? null : fromJson(ClientTraits, row.traits),
        running:
          row.running_artifact === null
            ? null
            : {
                artifactName: row.running_artifact,
                provides: fromJson(Provides, row.running_provides ?? "{}"),
              },
      });
  }
  return members;
}

/** The versions that these run. */
export const runningOf = (members: Iterable<ClassMember>): readonly string[] => [
  ...new Set([...members].flatMap(({ running }) => running?.artifactName ?? [])),
];

/** What people call some devices. */
export async function sampleDevices(
  db: TenantDb,
  deviceIds: readonly DeviceId[],
): Promise<{ readonly id: DeviceId; readonly name: string }[]> {
  if (deviceIds.length === 0) return [];
  const rows = await db.kysely
    .selectFrom("device")
    .select(["id", "name", "identity"])
    .where(besideIndex(db, sql.ref<TenantId>("tenant_id")), "=", db.tenantId)
    .where("id", "in", deviceIds)
    .orderBy("id")
    .execute();
  return rows.map(({ id, name, identity }) => ({
    id,
    name: deviceLabel({ name, identity: fromJson(DeviceIdentity, identity) }),
  }));
}

/**
 * Accepted devices of a scope, of these hardware types, that a deployment is for too and has not brought to an end. One of
 * the two is a group or a list: two that are for everybody are counted by their classes.
 */
export async function countSharedTargets(
  db: TenantDb,
  product: ProductName,
  { scope, hardwareTypes, version }: SharedTargets,
  other: { readonly id: DeploymentId; readonly scope: Scope },
): Promise<number> {
  if (hardwareTypes.length === 0) return 0;
  const row = await inScope(db, product, scope, "by-id")
    .select((of) => of.fn.countAll<number>().as("count"))
    .where("device.state", "=", "accepted")
    .where(besideIndex(db, sql.ref<HardwareType>("device.hardware_type")), "in", hardwareTypes)
    .where((of) =>
      of.or([
        of("device.running_artifact", "is", null),
        of("device.running_artifact", "!=", version),
      ]),
    )
    .where((of) =>
      of.not(
        of.exists(
          of
            .selectFrom("assignment as ended")
            .select("ended.id")
            .whereRef("ended.device_id", "=", "device.id")
            .where(besideIndex(db, sql.ref<TenantId>("ended.tenant_id")), "=", db.tenantId)
            .where("ended.deployment_id", "=", other.id)
            .where("ended.closed_at", "is not", null),
        ),
      ),
    )
    .$if(!isEverybody(other.scope), (query) =>
      query.where(
        "device.id",
        "in",
        inScope(db, product, other.scope, "by-id").select("device.id"),
      ),
    )
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

interface SharedTargets {
  readonly scope: Scope;
  readonly hardwareTypes: readonly HardwareType[];
  readonly version: string;
}
