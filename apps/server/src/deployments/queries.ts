import { instant, type InstantMs } from "@moult/base";
import {
  Plan,
  Tally,
  Trip,
  type DeploymentId,
  type DeviceId,
  type DeploymentState,
  type ProductName,
  type ReleaseId,
  type ReleaseVersion,
  type UserId,
} from "@moult/model";
import {
  approvedStages,
  NO_ENDS,
  type ApprovalCounts,
  type Ends,
  type RampCount,
  type TallyCounter,
} from "@moult/planner";
import { printQuery } from "@moult/query";
import type { Selectable, UpdateObject } from "kysely";
import * as z from "zod";
import type { StoredNamedStages } from "../platform/named-stages.ts";
import type { PageCursor } from "../platform/page-cursor.ts";
import type { DeploymentTable, Schema } from "../platform/schema.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { CheckedTarget } from "./checked-target.ts";
import { rollbackOrderFrom, type RollbackOrder } from "./rollback-order.ts";
import { namedStagesFromRow, type NamedStage } from "./named-stages.ts";
import { approvalCounts, approvalsFrom, type StoredApproval } from "./stored-approvals.ts";
import { StoredCensus } from "./stored-census.ts";
import { targetFrom, type TargetRecord } from "./target-record.ts";

/** A deployment as its row says, without what is counted or listed elsewhere. */
export interface DeploymentRecord {
  readonly id: DeploymentId;
  readonly number: number;
  readonly name: string;
  readonly product: ProductName;
  readonly releaseId: ReleaseId;
  readonly version: ReleaseVersion;
  readonly target: TargetRecord;
  readonly plan: Plan;
  readonly namedStages: readonly NamedStage[];
  readonly state: DeploymentState;
  readonly stage: number;
  readonly stageOpenedAt: InstantMs;
  readonly salt: number;
  readonly installationOpenedAt: InstantMs | null;
  readonly trip: Trip | null;
  readonly waived: Ends;
  readonly counts: Omit<Tally, "eligible">;
  /** Ever made, each try of a device being one. */
  readonly offers: number;
  /** Bytes of their artifacts; none where the plan does not limit them. */
  readonly offeredBytes: number;
  /** When the open stage opened. */
  readonly atOpening: RampCount;
  readonly createdBy: string;
  readonly createdByUser: UserId | null;
  readonly approvedBy: readonly StoredApproval[];
  /** The same, counted for each stage. */
  readonly approvals: ApprovalCounts;
  readonly createdAt: number;
  readonly finishedAt: number | null;
  readonly census: StoredCensus | null;
  readonly rollbackOf: DeploymentId | null;
  readonly rollbackOrder: RollbackOrder | null;
  readonly rollbackProblems: readonly string[];
}

const Sentences = z.array(z.string());
const StoredEnds = Tally.pick({
  succeeded: true,
  failed: true,
  rolledBack: true,
  rejected: true,
  timedOut: true,
  silent: true,
});

/** SQL's name of each counter. */
export const COLUMN_OF = {
  open: "open",
  succeeded: "succeeded",
  alreadyRunning: "already_running",
  failed: "failed",
  rolledBack: "rolled_back",
  rejected: "rejected",
  timedOut: "timed_out",
  silent: "silent",
  aborted: "aborted",
} as const satisfies Readonly<Record<TallyCounter, keyof DeploymentTable>>;

export async function deploymentById(
  db: TenantDb,
  deploymentId: DeploymentId,
): Promise<DeploymentRecord | undefined> {
  const row = await db.kysely
    .selectFrom("deployment")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deploymentId)
    .executeTakeFirst();
  return row === undefined ? undefined : deploymentFrom(row);
}

/** Reads it and holds its row until the transaction ends. */
export async function holdDeployment(
  db: TenantDb,
  deploymentId: DeploymentId,
): Promise<DeploymentRecord | undefined> {
  return updateDeployment(db, deploymentId, (row) => ({ state: row.ref("state") }));
}

export interface DeploymentFilter {
  readonly product?: ProductName | undefined;
  readonly states?: readonly DeploymentState[] | undefined;
  readonly releaseId?: ReleaseId | undefined;
}

/** Newest first, one more than `limit` when there are more. */
export async function deploymentsPage(
  db: TenantDb,
  filter: DeploymentFilter,
  after: PageCursor | undefined,
  limit: number,
): Promise<DeploymentRecord[]> {
  let query = db.kysely
    .selectFrom("deployment")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .orderBy("number", "desc")
    .limit(limit + 1);
  if (filter.product !== undefined) query = query.where("product", "=", filter.product);
  if (filter.states !== undefined) query = query.where("state", "in", filter.states);
  if (filter.releaseId !== undefined) query = query.where("release_id", "=", filter.releaseId);
  if (after !== undefined) query = query.where("number", "<", after.sortedBy);
  const rows = await query.execute();
  return rows.map(deploymentFrom);
}

/** The newest first. */
export async function deploymentsByIds(
  db: TenantDb,
  deploymentIds: readonly DeploymentId[],
): Promise<DeploymentRecord[]> {
  if (deploymentIds.length === 0) return [];
  const rows = await db.kysely
    .selectFrom("deployment")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("id", "in", deploymentIds)
    .orderBy("number", "desc")
    .execute();
  return rows.map(deploymentFrom);
}

/** Those that can still change, in the order in which they were made. */
export async function activeDeployments(
  db: TenantDb,
  product?: ProductName,
): Promise<DeploymentRecord[]> {
  const rows = await db.kysely
    .selectFrom("deployment")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("state", "in", ["running", "paused", "tripped"])
    .$if(product !== undefined, (query) => query.where("product", "=", product!))
    .orderBy("number")
    .execute();
  return rows.map(deploymentFrom);
}

/** Whether the product has a deployment that may decide before this one: a newer one, or one of a higher priority. */
export async function hasDeploymentBefore(
  db: TenantDb,
  { product, number, plan: { priority } }: Pick<DeploymentRecord, "product" | "number" | "plan">,
): Promise<boolean> {
  const before = await db.kysely
    .selectFrom("deployment")
    .select("id")
    .where("tenant_id", "=", db.tenantId)
    .where("product", "=", product)
    .where((row) => row.or([row("number", ">", number), row("priority", ">", priority)]))
    .limit(1)
    .executeTakeFirst();
  return before !== undefined;
}

export interface NewDeployment {
  readonly id: DeploymentId;
  readonly name: string;
  readonly product: ProductName;
  readonly releaseId: ReleaseId;
  readonly version: ReleaseVersion;
  readonly target: CheckedTarget;
  readonly plan: Plan;
  readonly namedStages?: StoredNamedStages;
  readonly salt: number;
  readonly createdBy: string;
  readonly createdByUser: UserId | null;
  readonly createdAt: number;
  readonly rollbackOf?: DeploymentId;
}

/** A statement's parameters are bounded on both dialects. */
const DEVICES_PER_STATEMENT = 1_000;

export async function insertDeployment(
  db: TenantDb,
  deployment: NewDeployment,
): Promise<DeploymentRecord> {
  const { target } = deployment;
  const { deployment_number: number } = await db.kysely
    .updateTable("tenant")
    .set((row) => ({ deployment_number: row("deployment_number", "+", 1) }))
    .where("id", "=", db.tenantId)
    .returning("deployment_number")
    .executeTakeFirstOrThrow();
  const row = await db.kysely
    .insertInto("deployment")
    .values({
      id: deployment.id,
      tenant_id: db.tenantId,
      number,
      name: deployment.name,
      product: deployment.product,
      release_id: deployment.releaseId,
      version: deployment.version,
      target_kind: target.kind,
      target_group_id: target.kind === "group" ? target.groupId : null,
      target_query: "query" in target && target.query !== null ? printQuery(target.query) : null,
      target_frozen: target.isFrozen ? 1 : 0,
      target_terms: target.terms === null ? null : JSON.stringify(target.terms),
      plan: JSON.stringify(deployment.plan),
      priority: deployment.plan.priority,
      named_stages: namedStagesText(deployment),
      state: "running",
      stage: 0,
      stage_opened_at: deployment.createdAt,
      salt: deployment.salt,
      trip: null,
      waived: null,
      rollback_of: deployment.rollbackOf ?? null,
      admitted: 0,
      open: 0,
      succeeded: 0,
      already_running: 0,
      failed: 0,
      rolled_back: 0,
      rejected: 0,
      timed_out: 0,
      silent: 0,
      aborted: 0,
      created_by: deployment.createdBy,
      created_by_user: deployment.createdByUser,
      approved_stages: approvedStages(deployment.plan, []),
      created_at: deployment.createdAt,
      finished_at: null,
      census: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return deploymentFrom(row);
}

const namedStagesText = ({ namedStages = [] }: NewDeployment): string | null =>
  namedStages.length === 0 ? null : JSON.stringify(namedStages);

/** Written before the target is counted, because the count reads them. */
export async function insertTargetDevices(
  db: TenantDb,
  table: "deployment_device" | "deployment_excluded",
  deploymentId: DeploymentId,
  deviceIds: readonly DeviceId[],
): Promise<void> {
  for (let start = 0; start < deviceIds.length; start += DEVICES_PER_STATEMENT)
    await db.kysely
      .insertInto(table)
      .values(
        deviceIds.slice(start, start + DEVICES_PER_STATEMENT).map((deviceId) => ({
          tenant_id: db.tenantId,
          deployment_id: deploymentId,
          device_id: deviceId,
        })),
      )
      .execute();
}

/** Moves one assignment from a counter to another and answers the deployment as it is then, its row held. */
export async function moveCount(
  db: TenantDb,
  deploymentId: DeploymentId,
  from: TallyCounter | null,
  to: TallyCounter | null,
): Promise<DeploymentRecord> {
  const moved = await updateDeployment(db, deploymentId, (row) => {
    if (from === to) return { state: row.ref("state") };
    return {
      ...(from === null ? {} : { [COLUMN_OF[from]]: row(COLUMN_OF[from], "-", 1) }),
      ...(to === null ? {} : { [COLUMN_OF[to]]: row(COLUMN_OF[to], "+", 1) }),
    };
  });
  if (moved === undefined) throw new TypeError("an assignment's deployment exists");
  return moved;
}

export async function setDeploymentState(
  db: TenantDb,
  deploymentId: DeploymentId,
  change: {
    readonly state: DeploymentState;
    readonly trip?: Trip | null;
    readonly finishedAt?: number;
    readonly waived?: Ends;
  },
): Promise<DeploymentRecord | undefined> {
  return updateDeployment(db, deploymentId, () => ({
    state: change.state,
    ...(change.trip === undefined
      ? {}
      : { trip: change.trip === null ? null : JSON.stringify(change.trip) }),
    ...(change.finishedAt === undefined ? {} : { finished_at: change.finishedAt }),
    ...(change.waived === undefined ? {} : { waived: JSON.stringify(change.waived) }),
  }));
}

export async function setStage(
  db: TenantDb,
  deploymentId: DeploymentId,
  stage: number,
  at: InstantMs,
): Promise<DeploymentRecord | undefined> {
  return updateDeployment(db, deploymentId, (row) => ({
    stage,
    stage_opened_at: at,
    opened_with_offers: row.ref("offers"),
    opened_with_succeeded: row.ref("succeeded"),
  }));
}

export async function setInstallationOpened(
  db: TenantDb,
  deploymentId: DeploymentId,
  at: InstantMs,
): Promise<void> {
  await updateDeployment(db, deploymentId, () => ({ installation_opened_at: at }));
}

export async function setCensus(
  db: TenantDb,
  deploymentId: DeploymentId,
  census: StoredCensus | null,
): Promise<void> {
  await updateDeployment(db, deploymentId, () => ({
    census: census === null ? null : JSON.stringify(census),
  }));
}

export async function setSalt(
  db: TenantDb,
  deploymentId: DeploymentId,
  salt: number,
): Promise<void> {
  await updateDeployment(db, deploymentId, () => ({ salt }));
}

type Change = UpdateObject<Schema, "deployment">;
type Row = Parameters<
  Extract<Parameters<ReturnType<typeof updateOf>["set"]>[0], (builder: never) => unknown>
>[0];

const updateOf = (db: TenantDb) => db.kysely.updateTable("deployment");

async function updateDeployment(
  db: TenantDb,
  deploymentId: DeploymentId,
  change: (row: Row) => Change,
): Promise<DeploymentRecord | undefined> {
  const row = await updateOf(db)
    .set(change)
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deploymentId)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : deploymentFrom(row);
}

export function deploymentFrom(row: Selectable<DeploymentTable>): DeploymentRecord {
  const plan = Plan.parse(JSON.parse(row.plan));
  const approvedBy = approvalsFrom(row.approvals);
  return {
    id: row.id,
    number: row.number,
    name: row.name,
    product: row.product,
    releaseId: row.release_id,
    version: row.version,
    target: targetFrom(row),
    plan,
    namedStages: namedStagesFromRow(row.named_stages),
    state: row.state,
    stage: row.stage,
    stageOpenedAt: instant(row.stage_opened_at),
    salt: row.salt,
    installationOpenedAt:
      row.installation_opened_at === null ? null : instant(row.installation_opened_at),
    trip: row.trip === null ? null : Trip.parse(JSON.parse(row.trip)),
    waived: row.waived === null ? NO_ENDS : StoredEnds.parse(JSON.parse(row.waived)),
    counts: {
      admitted: row.admitted,
      open: row.open,
      succeeded: row.succeeded,
      alreadyRunning: row.already_running,
      failed: row.failed,
      rolledBack: row.rolled_back,
      rejected: row.rejected,
      timedOut: row.timed_out,
      silent: row.silent,
      aborted: row.aborted,
    },
    offers: row.offers,
    offeredBytes: row.offered_bytes,
    atOpening: { offers: row.opened_with_offers, succeeded: row.opened_with_succeeded },
    createdBy: row.created_by,
    createdByUser: row.created_by_user,
    approvedBy,
    approvals: approvalCounts(plan, approvedBy),
    createdAt: row.created_at,
    finishedAt: row.finished_at,
    rollbackOf: row.rollback_of,
    rollbackOrder: rollbackOrderFrom(row.rollback_order),
    rollbackProblems:
      row.rollback_problems === null ? [] : Sentences.parse(JSON.parse(row.rollback_problems)),
    census: row.census === null ? null : StoredCensus.parse(JSON.parse(row.census)),
  };
}
