import { HABIT_SILENCE, SEEN_LATER_MS, type CheckInHabit } from "@moult/planner";
import type { AssignmentState, DeploymentId } from "@moult/model";
import { sql } from "kysely";
import type { TenantDb } from "../platform/tenant-db.ts";
import { assignmentFrom, type AssignmentRecord } from "./assignment-queries.ts";
import { keepsDownload } from "./opening-queries.ts";

/** An assignment that has not been heard of, and what is known of its device. */
export interface QuietAssignment {
  readonly assignment: AssignmentRecord;
  readonly lastSeenAt: number | null;
  readonly habit: CheckInHabit;
}

interface HabitColumns {
  readonly habit_longest: number;
  readonly habit_longest_before: number | null;
}

export const habitFrom = (row: HabitColumns): CheckInHabit => ({
  longestMs: row.habit_longest,
  longestBeforeMs: row.habit_longest_before,
});

/** What of a deployment's assignments is asked. */
export interface QuietQuestion {
  readonly deploymentId: DeploymentId;
  readonly states: readonly AssignmentState[];
  /** Whether those that keep what they downloaded until a person's word are among them. */
  readonly withKeepers: boolean;
  readonly limit: number;
}

function openAssignments(
  db: TenantDb,
  { deploymentId, states, withKeepers, limit }: QuietQuestion,
) {
  return db.kysely
    .selectFrom("assignment")
    .innerJoin("device", "device.id", "assignment.device_id")
    .selectAll("assignment")
    .select([
      "device.last_seen_at as last_seen_at",
      "device.habit_longest as habit_longest",
      "device.habit_longest_before as habit_longest_before",
    ])
    .where("assignment.tenant_id", "=", db.tenantId)
    .where("assignment.closed_at", "is", null)
    .where("assignment.deployment_id", "=", deploymentId)
    .where("assignment.state", "in", states)
    .where("device.tenant_id", "=", db.tenantId)
    .$if(!withKeepers, (query) => query.where(sql<boolean>`not (${keepsDownload()})`))
    .orderBy("assignment.updated_at")
    .limit(limit);
}

/**
 * Assignments of a deployment without an end and without news since `before`, the quietest first. A device that puts its
 * update off has no news as long as its reasons last, so there it is enough that the device was seen.
 */
export async function quietAssignments(
  db: TenantDb,
  question: QuietQuestion,
  before: number,
): Promise<QuietAssignment[]> {
  const rows = await openAssignments(db, question)
    .where("assignment.updated_at", "<=", before)
    .where((row) =>
      row.or([
        row("assignment.deferral", "is", null),
        row("device.last_seen_at", "is", null),
        row("device.last_seen_at", "<=", before),
      ]),
    )
    .execute();
  return rows.map(quietFrom);
}

/**
 * Assignments of a deployment without an end whose device has been quiet for longer than its habit allows at `at`, or is heard of
 * and stands still with its update: `silenceEndsAt` of the planner, as SQL. Only the time since `heardSince` counts.
 */
export async function quietByHabit(
  db: TenantDb,
  question: QuietQuestion,
  { heardSince, at }: { readonly heardSince: number; readonly at: number },
): Promise<QuietAssignment[]> {
  const { pauses, msMin, msMax, unknownMs } = HABIT_SILENCE;
  const larger = (one: typeof longest, other: typeof longest) =>
    sql<number>`(case when ${one} > ${other} then ${one} else ${other} end)`;
  const longest = sql<number>`(case when device.habit_longest > coalesce(device.habit_longest_before, 0)
    then device.habit_longest else coalesce(device.habit_longest_before, 0) end)`;
  const least = sql<number>`(case when device.habit_longest_before is null
    then ${sql.lit(unknownMs)} else ${sql.lit(msMin)} end)`;
  const silence = sql<number>`(case when ${sql.lit(pauses)} * ${longest} > ${sql.lit(msMax)} then ${sql.lit(msMax)}
    else ${larger(sql`${sql.lit(pauses)} * ${longest}`, least)} end)`;
  const up = sql<number>`cast(${heardSince} as bigint)`;
  const now = sql<number>`cast(${at} as bigint)`;
  const reported = larger(sql`assignment.updated_at`, up);
  const heard = larger(reported, sql`coalesce(device.last_seen_at, 0)`);
  const isUnheard = sql<boolean>`${now} - ${heard} >= ${silence}`;
  const standsStill = sql<boolean>`assignment.deferral is null
    and device.last_seen_at > assignment.updated_at + ${sql.lit(SEEN_LATER_MS)}
    and ${now} - ${reported} >= ${larger(silence, sql`${sql.lit(unknownMs)}`)}`;
  const rows = await openAssignments(db, question)
    .where(sql<boolean>`(${isUnheard} or (${standsStill}))`)
    .execute();
  return rows.map(quietFrom);
}

const quietFrom = (
  row: Parameters<typeof assignmentFrom>[0] &
    HabitColumns & { readonly last_seen_at: number | null },
): QuietAssignment => ({
  assignment: assignmentFrom(row),
  lastSeenAt: row.last_seen_at,
  habit: habitFrom(row),
});

/**
 * Assignments of a deployment that have been at the same for too long: in these states, since `before` or longer. A device
 * that puts its next step off takes none of the time.
 */
export async function overdueAssignments(
  db: TenantDb,
  deploymentId: DeploymentId,
  states: readonly AssignmentState[],
  before: number,
  limit: number,
): Promise<AssignmentRecord[]> {
  const rows = await db.kysely
    .selectFrom("assignment")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("closed_at", "is", null)
    .where("deployment_id", "=", deploymentId)
    .where("state", "in", states)
    .where("deferral", "is", null)
    .where("phase_since", "<=", before)
    .orderBy("phase_since")
    .limit(limit)
    .execute();
  return rows.map(assignmentFrom);
}

/** Assignments that wait for a try which their deployment, being over, will never give. */
export async function leftOverAssignments(
  db: TenantDb,
  limit: number,
): Promise<AssignmentRecord[]> {
  const rows = await db.kysely
    .selectFrom("assignment")
    .innerJoin("deployment", "deployment.id", "assignment.deployment_id")
    .selectAll("assignment")
    .where("assignment.tenant_id", "=", db.tenantId)
    .where("assignment.closed_at", "is", null)
    .where("assignment.state", "=", "retry-pending")
    .where("deployment.tenant_id", "=", db.tenantId)
    .where("deployment.state", "in", ["aborted", "finished"])
    .orderBy("assignment.updated_at")
    .limit(limit)
    .execute();
  return rows.map(assignmentFrom);
}
