import {
  Deferral,
  type ArtifactId,
  type AssignmentId,
  type AssignmentState,
  type DeploymentId,
  type DeviceId,
  type Outcome,
  type Sha256,
} from "@moult/model";
import { instant, type InstantMs } from "@moult/base";
import type { AttemptFacts } from "@moult/planner";
import { sql, type Selectable } from "kysely";
import { fromJson } from "../platform/columns.ts";
import { UNDECIDED_EPOCH } from "../platform/planning-epoch.ts";
import type { AssignmentTable } from "../platform/schema.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/** One device in one deployment, as its row says. */
export interface AssignmentRecord {
  readonly id: AssignmentId;
  readonly deploymentId: DeploymentId;
  readonly deviceId: DeviceId;
  readonly artifactId: ArtifactId | null;
  readonly stage: number;
  readonly state: AssignmentState;
  readonly attempt: number;
  readonly eventSequence: number;
  readonly progressPercent: number | null;
  readonly deferral: Deferral | null;
  readonly outcome: Outcome | null;
  /** Of its end, or of its last try while it waits for the next. */
  readonly code: string | null;
  readonly updatedAt: number;
}

/** When the device was first offered it, whichever of its tries that was. */
export async function firstOfferedAt(db: TenantDb, assignmentId: AssignmentId): Promise<InstantMs> {
  const row = await db.kysely
    .selectFrom("assignment")
    .select("offered_at")
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", assignmentId)
    .executeTakeFirstOrThrow();
  return instant(row.offered_at);
}

export async function assignmentById(
  db: TenantDb,
  assignmentId: AssignmentId,
): Promise<AssignmentRecord | undefined> {
  const row = await db.kysely
    .selectFrom("assignment")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", assignmentId)
    .executeTakeFirst();
  return row === undefined ? undefined : assignmentFrom(row);
}

/** The device's assignments that have no end yet: the one under way, and those that wait for a try. */
export async function unclosedAssignments(
  db: TenantDb,
  deviceId: DeviceId,
): Promise<AssignmentRecord[]> {
  const rows = await db.kysely
    .selectFrom("assignment")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("device_id", "=", deviceId)
    .where("closed_at", "is", null)
    .orderBy("offered_at")
    .execute();
  return rows.map(assignmentFrom);
}

/** Takes the tenant's next assignment number; its row is held until the transaction ends. */
export async function takeAssignmentNumber(db: TenantDb): Promise<number> {
  const { assignment_number: number } = await db.kysely
    .updateTable("tenant")
    .set((row) => ({ assignment_number: row("assignment_number", "+", 1) }))
    .where("id", "=", db.tenantId)
    .returning("assignment_number")
    .executeTakeFirstOrThrow();
  return number;
}

export interface NewAssignment {
  readonly id: AssignmentId;
  readonly number: number;
  readonly deploymentId: DeploymentId;
  readonly deviceId: DeviceId;
  readonly artifactId: ArtifactId | null;
  readonly ranBefore: string | null;
  readonly stage: number;
  readonly state: AssignmentState;
  readonly attempt: number;
  readonly outcome: Outcome | null;
  readonly at: number;
}

export async function insertAssignment(
  db: TenantDb,
  assignment: NewAssignment,
): Promise<AssignmentRecord> {
  const row = await db.kysely
    .insertInto("assignment")
    .values({
      id: assignment.id,
      tenant_id: db.tenantId,
      number: assignment.number,
      deployment_id: assignment.deploymentId,
      device_id: assignment.deviceId,
      artifact_id: assignment.artifactId,
      ran_before: assignment.ranBefore,
      stage: assignment.stage,
      state: assignment.state,
      attempt: assignment.attempt,
      event_sequence: 0,
      progress_percent: null,
      deferral: null,
      outcome: assignment.outcome,
      code: null,
      detail: null,
      offered_at: assignment.at,
      phase_since: assignment.at,
      updated_at: assignment.at,
      closed_at: assignment.state === "closed" ? assignment.at : null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return assignmentFrom(row);
}

/** Begins the next try of an assignment that is not under way. */
export async function reopenAssignment(
  db: TenantDb,
  assignmentId: AssignmentId,
  next: {
    readonly artifactId: ArtifactId;
    readonly stage: number;
    readonly attempt: number;
    readonly at: number;
  },
): Promise<void> {
  await db.kysely
    .updateTable("assignment")
    .set({
      artifact_id: next.artifactId,
      stage: next.stage,
      state: "offered",
      attempt: next.attempt,
      event_sequence: 0,
      progress_percent: null,
      deferral: null,
      outcome: null,
      code: null,
      detail: null,
      phase_since: next.at,
      updated_at: next.at,
      closed_at: null,
    })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", assignmentId)
    .execute();
}

/** What the device is doing, as it reported. */
export async function setProgress(
  db: TenantDb,
  assignmentId: AssignmentId,
  progress: {
    readonly state: AssignmentState;
    readonly progressPercent: number | null;
    readonly deferral: Deferral | null;
    readonly eventSequence: number;
    /** It begins what it is at, or goes on with it. */
    readonly isNewPhase: boolean;
    readonly at: number;
  },
): Promise<void> {
  await db.kysely
    .updateTable("assignment")
    .set({
      state: progress.state,
      progress_percent: progress.progressPercent,
      deferral: progress.deferral === null ? null : JSON.stringify(progress.deferral),
      event_sequence: progress.eventSequence,
      ...(progress.isNewPhase ? { phase_since: progress.at } : {}),
      updated_at: progress.at,
    })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", assignmentId)
    .execute();
}

/** How an assignment, or a try of it, ended. */
export interface Ending {
  readonly outcome: Outcome;
  readonly code: string | null;
  readonly detail: string | null;
}

/** Ends an assignment, or (`retry-pending`) its present try. */
export async function setEnding(
  db: TenantDb,
  assignmentId: AssignmentId,
  state: "closed" | "retry-pending",
  { outcome, code, detail }: Ending,
  at: number,
): Promise<void> {
  const isClosed = state === "closed";
  await db.kysely
    .updateTable("assignment")
    .set({
      state,
      outcome: isClosed ? outcome : null,
      code,
      detail,
      progress_percent: null,
      deferral: null,
      updated_at: at,
      closed_at: isClosed ? at : null,
    })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", assignmentId)
    .execute();
}

/** The clock of what waits for a try starts anew: while its deployment stood still the device could not go on. */
export async function touchRetryPending(
  db: TenantDb,
  deploymentId: DeploymentId,
  at: number,
): Promise<void> {
  await db.kysely
    .updateTable("assignment")
    .set({ updated_at: at })
    .where("tenant_id", "=", db.tenantId)
    .where("deployment_id", "=", deploymentId)
    .where("state", "=", "retry-pending")
    .execute();
}

export async function insertAttempt(
  db: TenantDb,
  assignmentId: AssignmentId,
  attempt: number,
  at: number,
): Promise<void> {
  await db.kysely
    .insertInto("attempt")
    .values({
      tenant_id: db.tenantId,
      assignment_id: assignmentId,
      attempt,
      started_at: at,
      finished_at: null,
      outcome: null,
      code: null,
      detail: null,
      signer_refusal: null,
    })
    .execute();
}

/** Notes why an open try was not signed; false when it is over, or that was noted before. */
export async function noteSignerRefusal(
  db: TenantDb,
  assignmentId: AssignmentId,
  attempt: number,
  reason: string,
): Promise<boolean> {
  const noted = await db.kysely
    .updateTable("attempt")
    .set({ signer_refusal: reason })
    .where("tenant_id", "=", db.tenantId)
    .where("assignment_id", "=", assignmentId)
    .where("attempt", "=", attempt)
    .where("finished_at", "is", null)
    .where((row) =>
      row.or([row("signer_refusal", "is", null), row("signer_refusal", "!=", reason)]),
    )
    .returning("attempt")
    .executeTakeFirst();
  return noted !== undefined;
}

export async function endAttempt(
  db: TenantDb,
  assignmentId: AssignmentId,
  attempt: number,
  { outcome, code, detail }: Ending,
  at: number,
): Promise<void> {
  await db.kysely
    .updateTable("attempt")
    .set({ finished_at: at, outcome, code, detail })
    .where("tenant_id", "=", db.tenantId)
    .where("assignment_id", "=", assignmentId)
    .where("attempt", "=", attempt)
    .execute();
}

/** The tries that are over and count, of each of some assignments. */
export async function endedAttempts(
  db: TenantDb,
  assignmentIds: readonly AssignmentId[],
): Promise<ReadonlyMap<AssignmentId, readonly AttemptFacts[]>> {
  const attempts = new Map<AssignmentId, AttemptFacts[]>(assignmentIds.map((id) => [id, []]));
  if (assignmentIds.length === 0) return attempts;
  const rows = await db.kysely
    .selectFrom("attempt")
    .innerJoin("assignment", "assignment.id", "attempt.assignment_id")
    .select(["attempt.assignment_id", "attempt.outcome", "attempt.code", "attempt.finished_at"])
    .where("attempt.tenant_id", "=", db.tenantId)
    .where("attempt.assignment_id", "in", assignmentIds)
    .where("attempt.outcome", "is not", null)
    .where("assignment.tenant_id", "=", db.tenantId)
    .whereRef("attempt.attempt", ">", "assignment.tries_after")
    .orderBy("attempt.assignment_id")
    .orderBy("attempt.attempt")
    .execute();
  for (const { assignment_id: id, outcome, code, finished_at: endedAt } of rows)
    if (outcome !== null) attempts.get(id)?.push({ outcome, code, endedAt: instant(endedAt ?? 0) });
  return attempts;
}

/** Makes the assignment the update that the device is in, or (null) none; its last answer no longer holds. */
export async function setOpenAssignment(
  db: TenantDb,
  deviceId: DeviceId,
  assignmentId: AssignmentId | null,
): Promise<void> {
  await db.kysely
    .updateTable("device")
    .set((row) => ({
      open_assignment_id: assignmentId,
      generation: row("generation", "+", 1),
      decided_epoch: UNDECIDED_EPOCH,
      next_decision_at: null,
    }))
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .execute();
}

/** The device's assignment whose id begins so. */
export async function assignmentBeginning(
  db: TenantDb,
  deviceId: DeviceId,
  idStart: string,
): Promise<AssignmentId | undefined> {
  const row = await db.kysely
    .selectFrom("assignment")
    .select("id")
    .where("tenant_id", "=", db.tenantId)
    .where("device_id", "=", deviceId)
    .where(sql<boolean>`id like ${`${idStart}%`}`)
    .executeTakeFirst();
  return row?.id;
}

/** Holds the device's row until the transaction ends: everything that changes its assignments comes one after the other. */
export async function holdDevice(db: TenantDb, deviceId: DeviceId): Promise<boolean> {
  const held = await db.kysely
    .updateTable("device")
    .set((row) => ({ state: row.ref("state") }))
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deviceId)
    .returning("id")
    .executeTakeFirst();
  return held !== undefined;
}

/** The content that the device's open offer names. */
export async function openOfferContent(
  db: TenantDb,
  deviceId: DeviceId,
): Promise<{ readonly sha256: Sha256; readonly sizeBytes: number } | undefined> {
  return db.kysely
    .selectFrom("device")
    .innerJoin("assignment", "assignment.id", "device.open_assignment_id")
    .innerJoin("artifact", "artifact.id", "assignment.artifact_id")
    .select(["artifact.sha256 as sha256", "artifact.size_bytes as sizeBytes"])
    .where("device.tenant_id", "=", db.tenantId)
    .where("device.id", "=", deviceId)
    .where("assignment.tenant_id", "=", db.tenantId)
    .where("assignment.closed_at", "is", null)
    .where("artifact.tenant_id", "=", db.tenantId)
    .executeTakeFirst();
}

/** False when the attempt is none of the device's. */
export async function replaceLog(
  db: TenantDb,
  deviceId: DeviceId,
  assignmentId: AssignmentId,
  attempt: number,
  content: string,
): Promise<boolean> {
  const own = await db.kysely
    .selectFrom("attempt")
    .innerJoin("assignment", "assignment.id", "attempt.assignment_id")
    .select("attempt.attempt")
    .where("attempt.tenant_id", "=", db.tenantId)
    .where("attempt.assignment_id", "=", assignmentId)
    .where("attempt.attempt", "=", attempt)
    .where("assignment.tenant_id", "=", db.tenantId)
    .where("assignment.device_id", "=", deviceId)
    .executeTakeFirst();
  if (own === undefined) return false;
  await db.kysely
    .insertInto("attempt_log")
    .values({ tenant_id: db.tenantId, assignment_id: assignmentId, attempt, content })
    .onConflict((conflict) =>
      conflict.columns(["assignment_id", "attempt"]).doUpdateSet({ content }),
    )
    .execute();
  return true;
}

export async function logOf(
  db: TenantDb,
  assignmentId: AssignmentId,
  attempt: number,
): Promise<string | undefined> {
  const row = await db.kysely
    .selectFrom("attempt_log")
    .select("content")
    .where("tenant_id", "=", db.tenantId)
    .where("assignment_id", "=", assignmentId)
    .where("attempt", "=", attempt)
    .executeTakeFirst();
  return row?.content;
}

export function assignmentFrom(row: Selectable<AssignmentTable>): AssignmentRecord {
  return {
    id: row.id,
    deploymentId: row.deployment_id,
    deviceId: row.device_id,
    artifactId: row.artifact_id,
    stage: row.stage,
    state: row.state,
    attempt: row.attempt,
    eventSequence: row.event_sequence,
    progressPercent: row.progress_percent,
    deferral: row.deferral === null ? null : fromJson(Deferral, row.deferral),
    outcome: row.outcome,
    code: row.code,
    updatedAt: row.updated_at,
  };
}
