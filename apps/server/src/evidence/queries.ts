import type {
  AssignmentId,
  DeploymentId,
  DeviceId,
  DeviceReceipt,
  DeviceReceiptId,
  ProductName,
  ReleaseVersion,
  Sha256,
} from "@moult/model";
import { DeviceIdentity, deviceLabel } from "@moult/model";
import type { Selectable } from "kysely";
import { fromJson, isoFrom } from "../platform/columns.ts";
import { pageFrom, type PageCursor } from "../platform/page-cursor.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { DeviceReceiptTable } from "../platform/trust-schema.ts";

/** What a receipt is held against: the try as the server knows it. */
export interface KnownTry {
  readonly deploymentId: DeploymentId;
  readonly version: ReleaseVersion;
  /** Null when the artifact is gone. */
  readonly artifact: {
    readonly path: string;
    readonly sha256: Sha256;
    readonly sizeBytes: number;
  } | null;
}

export async function knownTry(
  db: TenantDb,
  deviceId: DeviceId,
  assignmentId: AssignmentId,
): Promise<KnownTry | undefined> {
  const row = await db.kysely
    .selectFrom("assignment")
    .innerJoin("deployment", "deployment.id", "assignment.deployment_id")
    .leftJoin("artifact", "artifact.id", "assignment.artifact_id")
    .select([
      "deployment.id as deploymentId",
      "deployment.version",
      "artifact.path",
      "artifact.sha256",
      "artifact.size_bytes as sizeBytes",
    ])
    .where("assignment.tenant_id", "=", db.tenantId)
    .where("deployment.tenant_id", "=", db.tenantId)
    .where("assignment.id", "=", assignmentId)
    .where("assignment.device_id", "=", deviceId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { deploymentId, version, path, sha256, sizeBytes } = row;
  const artifact =
    path === null || sha256 === null || sizeBytes === null ? null : { path, sha256, sizeBytes };
  return { deploymentId, version, artifact };
}

export interface DeviceKeyRow {
  readonly fingerprint: Sha256;
  /** Base64 of the DER SubjectPublicKeyInfo. */
  readonly publicKey: string;
  readonly state: "accepted" | "revoked";
}

/** Keys that are, or were, the device's. */
export async function keysOfDevice(db: TenantDb, deviceId: DeviceId): Promise<DeviceKeyRow[]> {
  const rows = await db.kysely
    .selectFrom("device_key")
    .select(["fingerprint", "public_key as publicKey", "state"])
    .where("tenant_id", "=", db.tenantId)
    .where("device_id", "=", deviceId)
    .where("state", "in", ["accepted", "revoked"])
    .orderBy("created_at")
    .orderBy("fingerprint")
    .execute();
  return rows.flatMap(({ state, ...row }) =>
    state === "accepted" || state === "revoked" ? [{ ...row, state }] : [],
  );
}

export interface NewReceipt {
  readonly id: DeviceReceiptId;
  readonly deviceId: DeviceId;
  readonly assignmentId: AssignmentId;
  readonly deploymentId: DeploymentId;
  readonly attempt: number;
  readonly outcome: string;
  readonly envelope: string;
  readonly problem: string | null;
  readonly receivedAt: number;
}

/** False when there is one of this try: the first counts, because whoever sends a second one may be another. */
export async function insertReceipt(db: TenantDb, receipt: NewReceipt): Promise<boolean> {
  const inserted = await db.kysely
    .insertInto("device_receipt")
    .values({
      id: receipt.id,
      tenant_id: db.tenantId,
      device_id: receipt.deviceId,
      assignment_id: receipt.assignmentId,
      deployment_id: receipt.deploymentId,
      attempt: receipt.attempt,
      outcome: receipt.outcome,
      envelope: receipt.envelope,
      problem: receipt.problem,
      received_at: receipt.receivedAt,
    })
    .onConflict((conflict) => conflict.columns(["assignment_id", "attempt"]).doNothing())
    .returning("id")
    .executeTakeFirst();
  return inserted !== undefined;
}

/** A page of the device's receipts, newest first. */
export async function receiptPage(
  db: TenantDb,
  deviceId: DeviceId,
  after: PageCursor | undefined,
  limit: number,
): Promise<{ items: DeviceReceipt[]; nextCursor: string | null }> {
  const rows = await db.kysely
    .selectFrom("device_receipt")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("device_id", "=", deviceId)
    .$if(after !== undefined, (query) =>
      query.where((row) =>
        row(
          row.refTuple("received_at", "id"),
          "<",
          row.tuple(after!.sortedBy, after!.id as DeviceReceiptId),
        ),
      ),
    )
    .orderBy("received_at", "desc")
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
  return pageFrom(rows, limit, receiptFrom, (row) => ({
    sortedBy: row.received_at,
    id: row.id,
  }));
}

const receiptFrom = (row: Selectable<DeviceReceiptTable>): DeviceReceipt => ({
  id: row.id,
  assignmentId: row.assignment_id,
  deploymentId: row.deployment_id,
  attempt: row.attempt,
  outcome: row.outcome,
  receivedAt: isoFrom(row.received_at),
  problem: row.problem,
  envelope: row.envelope,
});

export async function deviceNamed(
  db: TenantDb,
  deviceId: DeviceId,
): Promise<{ readonly name: string; readonly product: ProductName } | undefined> {
  const row = await db.kysely
    .selectFrom("device")
    .select(["name", "identity", "product"])
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const identity = fromJson(DeviceIdentity, row.identity);
  return { name: deviceLabel({ name: row.name, identity }), product: row.product };
}

export interface SealedBlock {
  readonly number: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly count: number;
  readonly eventsSha256: Sha256;
  readonly sha256: Sha256;
}

const blocks = (db: TenantDb) =>
  db.kysely
    .selectFrom("audit_block")
    .select([
      "number",
      "first_sequence as firstSequence",
      "last_sequence as lastSequence",
      "event_count as count",
      "events_sha256 as eventsSha256",
      "sha256",
    ])
    .where("tenant_id", "=", db.tenantId);

export async function newestBlock(db: TenantDb): Promise<SealedBlock | undefined> {
  return blocks(db).orderBy("number", "desc").executeTakeFirst();
}

/** The block that holds an event, and all after it. */
export async function blocksFrom(db: TenantDb, sequence: number): Promise<SealedBlock[]> {
  return blocks(db).where("last_sequence", ">=", sequence).orderBy("number").execute();
}

export async function blockNumbered(
  db: TenantDb,
  number: number,
): Promise<SealedBlock | undefined> {
  return blocks(db).where("number", "=", number).executeTakeFirst();
}

/** False when another server sealed a block of this number. */
export async function insertBlock(
  db: TenantDb,
  block: SealedBlock,
  sealedAt: number,
): Promise<boolean> {
  const inserted = await db.kysely
    .insertInto("audit_block")
    .values({
      tenant_id: db.tenantId,
      number: block.number,
      first_sequence: block.firstSequence,
      last_sequence: block.lastSequence,
      event_count: block.count,
      events_sha256: block.eventsSha256,
      sha256: block.sha256,
      sealed_at: sealedAt,
    })
    .onConflict((conflict) => conflict.columns(["tenant_id", "number"]).doNothing())
    .returning("number")
    .executeTakeFirst();
  return inserted !== undefined;
}
