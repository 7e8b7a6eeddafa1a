import {
  Deferral,
  DeviceIdentity,
  deviceLabel,
  type Assignment,
  type AssignmentId,
  type AssignmentState,
  type Attempt,
  type DeploymentId,
  type DeviceId,
  type Outcome,
  type ProductName,
  type ReleaseId,
} from "@moult/model";
import { deferralSentence } from "@moult/planner";
import { fromJson, isoFrom, isoOrNull } from "../platform/columns.ts";
import { pageFrom, type PageCursor } from "../platform/page-cursor.ts";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

export interface Page<Item> {
  readonly items: Item[];
  readonly nextCursor: string | null;
}

/** Assignments with all that is shown of them, in three questions however many there are. */
function assignmentRows(db: TenantDb) {
  return db.kysely
    .selectFrom("assignment")
    .innerJoin("device", "device.id", "assignment.device_id")
    .innerJoin("deployment", "deployment.id", "assignment.deployment_id")
    .selectAll("assignment")
    .select([
      "device.name as device_name",
      "device.identity as device_identity",
      "device.hardware_type as hardware_type",
      "deployment.name as deployment_name",
    ])
    .where("assignment.tenant_id", "=", db.tenantId)
    .where("device.tenant_id", "=", db.tenantId)
    .where("deployment.tenant_id", "=", db.tenantId);
}

type Row = Awaited<ReturnType<ReturnType<typeof assignmentRows>["execute"]>>[number];

/** Most recently changed first. */
export async function assignmentsPage(
  db: TenantDb,
  deploymentId: DeploymentId,
  filter: {
    readonly state?: AssignmentState | undefined;
    readonly outcome?: Outcome | undefined;
    readonly stage?: number | undefined;
    readonly code?: string | undefined;
  },
  after: PageCursor | undefined,
  limit: number,
): Promise<Page<Assignment>> {
  let query = assignmentRows(db)
    .where("assignment.deployment_id", "=", deploymentId)
    .orderBy("assignment.updated_at", "desc")
    .orderBy("assignment.id", "desc")
    .limit(limit + 1);
  if (filter.state !== undefined) query = query.where("assignment.state", "=", filter.state);
  if (filter.outcome !== undefined) query = query.where("assignment.outcome", "=", filter.outcome);
  if (filter.stage !== undefined) query = query.where("assignment.stage", "=", filter.stage);
  if (filter.code !== undefined)
    query = query.where("assignment.code", "=", storableText(filter.code));
  if (after !== undefined)
    query = query.where((row) =>
      row(
        row.refTuple("assignment.updated_at", "assignment.id"),
        "<",
        row.tuple(after.sortedBy, after.id as AssignmentId),
      ),
    );
  const rows = await query.execute();
  return complete(db, rows, limit, ({ updated_at: sortedBy, id }) => ({ sortedBy, id }));
}

/** One device's assignments, newest first. */
export async function deviceAssignmentsPage(
  db: TenantDb,
  deviceId: DeviceId,
  after: PageCursor | undefined,
  limit: number,
): Promise<Page<Assignment>> {
  let query = assignmentRows(db)
    .where("assignment.device_id", "=", deviceId)
    .orderBy("assignment.offered_at", "desc")
    .orderBy("assignment.id", "desc")
    .limit(limit + 1);
  if (after !== undefined)
    query = query.where((row) =>
      row(
        row.refTuple("assignment.offered_at", "assignment.id"),
        "<",
        row.tuple(after.sortedBy, after.id as AssignmentId),
      ),
    );
  const rows = await query.execute();
  return complete(db, rows, limit, ({ offered_at: sortedBy, id }) => ({ sortedBy, id }));
}

export async function assignmentShown(
  db: TenantDb,
  assignmentId: AssignmentId,
): Promise<Assignment | undefined> {
  const rows = await assignmentRows(db).where("assignment.id", "=", assignmentId).execute();
  const { items } = await complete(db, rows, 1, ({ id }) => ({ sortedBy: 0, id }));
  return items[0];
}

async function complete(
  db: TenantDb,
  rows: readonly Row[],
  limit: number,
  cursorOf: (row: Row) => PageCursor,
): Promise<Page<Assignment>> {
  const attempts = await attemptsOf(
    db,
    rows.map(({ id }) => id),
  );
  const itemOf = (row: Row): Assignment => ({
    id: row.id,
    number: row.number,
    deploymentId: row.deployment_id,
    deploymentName: row.deployment_name,
    deviceId: row.device_id,
    deviceName: deviceLabel({
      name: row.device_name,
      identity: fromJson(DeviceIdentity, row.device_identity),
    }),
    hardwareType: row.hardware_type,
    artifactId: row.artifact_id,
    ranBefore: row.ran_before,
    stage: row.stage,
    state: row.state,
    progressPercent: row.progress_percent,
    deferral: shownDeferral(row.deferral),
    outcome: row.outcome,
    code: row.code,
    detail: row.detail,
    attempts: attempts.get(row.id) ?? [],
    offeredAt: isoFrom(row.offered_at),
    updatedAt: isoFrom(row.updated_at),
    closedAt: isoOrNull(row.closed_at),
  });
  return pageFrom(rows, limit, itemOf, cursorOf);
}

function shownDeferral(stored: string | null): Assignment["deferral"] {
  if (stored === null) return null;
  const deferral = fromJson(Deferral, stored);
  return { ...deferral, sentence: deferralSentence(deferral) };
}

async function attemptsOf(
  db: TenantDb,
  assignmentIds: readonly AssignmentId[],
): Promise<ReadonlyMap<AssignmentId, Attempt[]>> {
  const attempts = new Map<AssignmentId, Attempt[]>(assignmentIds.map((id) => [id, []]));
  if (assignmentIds.length === 0) return attempts;
  const rows = await db.kysely
    .selectFrom("attempt")
    .leftJoin("attempt_log", (join) =>
      join
        .onRef("attempt_log.assignment_id", "=", "attempt.assignment_id")
        .onRef("attempt_log.attempt", "=", "attempt.attempt")
        .on("attempt_log.tenant_id", "=", db.tenantId),
    )
    .selectAll("attempt")
    .select("attempt_log.attempt as logged_attempt")
    .where("attempt.tenant_id", "=", db.tenantId)
    .where("attempt.assignment_id", "in", assignmentIds)
    .orderBy("attempt.assignment_id")
    .orderBy("attempt.attempt")
    .execute();
  for (const row of rows)
    attempts.get(row.assignment_id)?.push({
      attempt: row.attempt,
      startedAt: isoFrom(row.started_at),
      finishedAt: isoOrNull(row.finished_at),
      outcome: row.outcome,
      code: row.code,
      detail: row.detail,
      hasLog: row.logged_attempt !== null,
    });
  return attempts;
}

/** The devices of each deployment among these whose target is a list. */
export async function listedDevices(
  db: TenantDb,
  table: "deployment_device" | "deployment_excluded",
  deploymentIds: readonly DeploymentId[],
): Promise<ReadonlyMap<DeploymentId, DeviceId[]>> {
  const listed = new Map<DeploymentId, DeviceId[]>(deploymentIds.map((id) => [id, []]));
  if (deploymentIds.length === 0) return listed;
  const rows = await db.kysely
    .selectFrom(table)
    .select(["deployment_id", "device_id"])
    .where("tenant_id", "=", db.tenantId)
    .where("deployment_id", "in", deploymentIds)
    .orderBy("device_id")
    .execute();
  for (const row of rows) listed.get(row.deployment_id)?.push(row.device_id);
  return listed;
}

export async function hasArtifact(db: TenantDb, releaseId: ReleaseId): Promise<boolean> {
  const artifact = await db.kysely
    .selectFrom("artifact")
    .select("id")
    .where("tenant_id", "=", db.tenantId)
    .where("release_id", "=", releaseId)
    .limit(1)
    .executeTakeFirst();
  return artifact !== undefined;
}

/** How many of these devices are of the product. */
export async function countOfProduct(
  db: TenantDb,
  product: ProductName,
  deviceIds: readonly DeviceId[],
): Promise<number> {
  let count = 0;
  for (let start = 0; start < deviceIds.length; start += IDS_PER_STATEMENT) {
    const rows = await db.kysely
      .selectFrom("device")
      .select("id")
      .where("tenant_id", "=", db.tenantId)
      .where("product", "=", product)
      .where("id", "in", deviceIds.slice(start, start + IDS_PER_STATEMENT))
      .execute();
    count += rows.length;
  }
  return count;
}

/** A statement's parameters are bounded on both dialects. */
const IDS_PER_STATEMENT = 1_000;
