import { UNDECIDED_ATTRIBUTE } from "@moult/device-protocol";
import type { InstantMs } from "@moult/base";
import {
  ReportedContext,
  type AssignmentState,
  type DeploymentId,
  type DeviceId,
  type DeviceState,
  type HardwareType,
  type Outcome,
  type ProductName,
  type ReleaseVersion,
} from "@moult/model";
import { heldBackFrom, PLACES, type Precedence, type SafeguardFacts } from "@moult/planner";
import { sql } from "kysely";
import { fromJson } from "../platform/columns.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { keeping, keptOutBy, type HoldingSafeguard } from "./safeguard-queries.ts";
import { heldDevices } from "./hold-facts-queries.ts";
import { attributeOf } from "./zone-queries.ts";
import { CLASS_COLUMNS } from "./class-queries.ts";
import { ownStage } from "./named-stage-queries.ts";
import type { NamedStage } from "./named-stages.ts";
import { inScope, isEverybody, type Scope } from "./scope-queries.ts";

/** How many assignments of a deployment are alike. */
export interface ProgressCount {
  readonly stage: number;
  readonly state: AssignmentState;
  readonly outcome: Outcome | null;
  readonly code: string | null;
  readonly count: number;
}

/** A deployment's assignments by where they are and how they ended, from an index alone. */
export async function progressCounts(
  db: TenantDb,
  deploymentId: DeploymentId,
): Promise<ProgressCount[]> {
  const rows = await db.kysely
    .selectFrom("assignment")
    .select(["outcome", "code", "stage", "state", (row) => row.fn.countAll<number>().as("count")])
    .where(besideTenant(db))
    .where("deployment_id", "=", deploymentId)
    .groupBy(["outcome", "code", "stage", "state"])
    .execute();
  return rows.map(({ count, ...row }) => ({ ...row, count: Number(count) }));
}

/**
 * A deployment's id is one tenant's, and its row was read under that tenant before. The index of progress does not know the
 * tenant, and one row looked up for each entry would cost more than all the rest.
 */
const besideTenant = (db: TenantDb) => sql<boolean>`${db.tenantId} = ${db.tenantId}`;

/** How many assignments ended in each span of `widthMs` after `from`. */
export async function endsOverTime(
  db: TenantDb,
  deploymentId: DeploymentId,
  from: number,
  widthMs: number,
): Promise<{ readonly span: number; readonly outcome: Outcome; readonly count: number }[]> {
  const span = sql<number>`(closed_at - cast(${from} as bigint)) / cast(${widthMs} as bigint)`;
  const rows = await db.kysely
    .selectFrom("assignment")
    .select(["outcome", span.as("span"), (row) => row.fn.countAll<number>().as("count")])
    .where(besideTenant(db))
    .where("deployment_id", "=", deploymentId)
    .where("outcome", "is not", null)
    .groupBy(["outcome", sql`2`])
    .execute();
  return rows.flatMap((row) =>
    row.outcome === null
      ? []
      : [{ span: Number(row.span), outcome: row.outcome, count: Number(row.count) }],
  );
}

/** Some of the devices that ended alike, with what one of them said. */
export async function endedAlike(
  db: TenantDb,
  deploymentId: DeploymentId,
  outcome: Outcome,
  code: string | null,
  limit: number,
): Promise<{ readonly deviceId: DeviceId; readonly detail: string | null }[]> {
  const rows = await db.kysely
    .selectFrom("assignment")
    .select(["device_id", "detail"])
    .where(besideTenant(db))
    .where("deployment_id", "=", deploymentId)
    .where("outcome", "=", outcome)
    .where("code", code === null ? "is" : "=", code)
    .limit(limit)
    .execute();
  return rows.map((row) => ({ deviceId: row.device_id, detail: row.detail }));
}

export interface WaitingScope {
  readonly deploymentId: DeploymentId;
  readonly product: ProductName;
  readonly scope: Scope;
}

/** Devices of the target that have no assignment in the deployment; for some of them, found by their ids. */
function withoutAssignment(db: TenantDb, { deploymentId, product, scope }: WaitingScope) {
  return inScope(db, product, scope, "by-id")
    .leftJoin("assignment as own", (join) =>
      join
        .onRef("own.device_id", "=", "device.id")
        .on("own.deployment_id", "=", deploymentId)
        .on(besideTenant(db)),
    )
    .where("own.device_id", "is", null);
}

/** What a count of who waits needs beside their class. */
export interface WaitingQuestion extends WaitingScope {
  readonly at: InstantMs;
  readonly salt: number;
  /** The share that is held back, whose devices are told apart too. */
  readonly holdBackPercent: number | null;
  /** How devices are told apart by the stage that admits them. */
  readonly admission:
    | {
        readonly kind: "by-place";
        /** Places below these belong to the stages. */
        readonly thresholds: readonly number[];
      }
    /** Few are ranked, so each of these is a class of its own. */
    | { readonly kind: "by-rank"; readonly hardwareTypes: readonly HardwareType[] }
    | { readonly kind: "all-alike" };
  /** Whom the plan's first stages name; nobody where all are admitted alike. */
  readonly namedStages: readonly NamedStage[];
  /** Inventory attributes by whose values devices are told apart too. */
  readonly attributes: readonly string[];
  /** Whether they are told apart by what they say of their circumstances. */
  readonly byContext: boolean;
  /** Deployments that go before this one and could decide instead. */
  readonly before: readonly {
    readonly id: DeploymentId;
    readonly scope: Scope;
    readonly salt: number;
    readonly holdBackPercent: number | null;
    /** Of its release, those that hold. */
    readonly safeguards: readonly HoldingSafeguard[];
  }[];
  readonly precedence: Precedence;
  /** Somebody sent devices ahead of it. */
  readonly hasForced: boolean;
  readonly hasBefore: boolean;
  /** Of its release, those that hold. */
  readonly safeguards: readonly HoldingSafeguard[];
  /** Releases on the way to its own: who was brought to one of them waits for it all the same. */
  readonly steps: readonly ReleaseVersion[];
}

export interface WaitingClass {
  readonly state: DeviceState;
  readonly hardwareType: HardwareType;
  readonly sampleId: DeviceId;
  readonly draw: number;
  /** The first stage that names them; null: none does. */
  readonly namedStage: number | null;
  /** Ids of the deployments before this one that target these. */
  readonly beforeIds: ReadonlySet<DeploymentId>;
  /** Why one that has brought them to its release keeps this one from them; null where none does. */
  readonly reached: "newer" | "higher-priority" | null;
  /** Sent ahead by a person. */
  readonly isForced: boolean;
  readonly attributes: Readonly<Record<string, string>>;
  /** Null also where they are not told apart by it. */
  readonly context: ReportedContext | null;
  readonly safeguard: SafeguardFacts | null;
  readonly count: number;
}

/** Who waits, by class, stage and what deployments before this one have to do with them. */
export async function waitingClasses(
  db: TenantDb,
  question: WaitingQuestion,
): Promise<WaitingClass[]> {
  const { product, before, namedStages } = question;
  const flags = before.map(({ scope, safeguards, ...held }, index) => {
    const isIn = isEverybody(scope)
      ? sql<boolean>`1 = 1`
      : sql<boolean>`device.id in ${inScope(db, product, scope).select("device.id")}`;
    const isTarget = sql<number>`case when ${isIn} and ${keptOutBy(db, safeguards)} = ''
      and ${isHeldBack(held)} = 0 then 1 else 0 end`;
    return { name: `before${index}`, isTarget };
  });
  const reached = question.hasBefore ? reachedBy(db, question) : sql<number>`0`;
  const asked = question.attributes.map((name, index) => ({ name, column: `attribute${index}` }));
  // One list of all who are left out: each further one would be looked through for every device.
  const leftOut = assigned(db, question.deploymentId)
    .unionAll(updatingElsewhere(db, product).select("device.id as device_id"))
    .unionAll(conflicting(db, product).select("device.id as device_id"))
    .unionAll(heldDevices(db, question.at))
    .unionAll(undecided(db));
  const rows = await inScope(db, product, question.scope)
    .where("device.id", "not in", leftOut)
    .select([
      ...CLASS_COLUMNS,
      bucketOf(question).as("bucket"),
      reached.as("reached"),
      isForced(db, question).as("is_forced"),
      isHeldBack(question).as("is_held_back"),
      ownStage(db, { id: question.deploymentId, namedStages }).as("own_stage"),
      keptOutBy(db, question.safeguards).as("kept_out_by"),
      sql<string>`min(device.id)`.as("sample_id"),
      sql<number>`min(device.draw)`.as("draw"),
      ...flags.map(({ name, isTarget }) => isTarget.as(name)),
      ...asked.map(({ name, column }) => attributeOf(db, name).as(column)),
      saidIn(question).as("said"),
      (row) => row.fn.countAll<number>().as("count"),
    ])
    .groupBy([
      ...CLASS_COLUMNS,
      "bucket",
      "said",
      "reached",
      "is_forced",
      "is_held_back",
      "own_stage",
      "kept_out_by",
      ...flags.map(({ name }) => sql.ref(name)),
      ...asked.map(({ column }) => sql.ref(column)),
    ])
    .execute();
  return rows.map((row) => {
    const values: Readonly<Record<string, unknown>> = row;
    return {
      state: row.state,
      hardwareType: row.hardware_type,
      sampleId: row.sample_id as DeviceId,
      draw: Number(row.draw),
      namedStage: Number(row.own_stage) < namedStages.length ? Number(row.own_stage) : null,
      beforeIds: new Set(
        before.filter((_, index) => Number(values[`before${index}`]) === 1).map(({ id }) => id),
      ),
      isForced: Number(row.is_forced) === 1,
      reached: REACHED[Number(row.reached)] ?? null,
      attributes: attributesFrom(values, asked),
      context: contextFrom(values["said"]),
      safeguard: keeping(question.safeguards, String(row.kept_out_by)),
      count: Number(row.count),
    };
  });
}

const placeOf = (salt: number) =>
  sql`((device.draw * cast(${salt} as bigint)) % ${sql.lit(PLACES)})`;

const isHeldBack = ({ salt, holdBackPercent }: Pick<WaitingQuestion, "salt" | "holdBackPercent">) =>
  holdBackPercent === null
    ? sql<number>`0`
    : sql<number>`case when ${placeOf(salt)} >= ${heldBackFrom(holdBackPercent)} then 1 else 0 end`;

const saidIn = ({ byContext }: WaitingQuestion) =>
  byContext ? sql<string | null>`device.context` : sql<string | null>`null`;

const contextFrom = (said: unknown): ReportedContext | null =>
  typeof said === "string" ? fromJson(ReportedContext, said) : null;

const attributesFrom = (
  values: Readonly<Record<string, unknown>>,
  asked: readonly { readonly name: string; readonly column: string }[],
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    asked.flatMap(({ name, column }) => {
      const value = values[column];
      return typeof value === "string" ? [[name, value]] : [];
    }),
  );

function bucketOf({ admission, salt }: WaitingQuestion) {
  switch (admission.kind) {
    case "all-alike":
      return sql<string>`''`;
    case "by-rank":
      return sql<string>`case when device.state = 'accepted' and device.hardware_type in
        (${sql.join(admission.hardwareTypes)}) then device.id else '' end`;
    case "by-place": {
      const { thresholds } = admission;
      const place = placeOf(salt);
      const steps = thresholds.map(
        (threshold, stage) => sql`when ${place} < ${threshold} then ${sql.lit(String(stage))}`,
      );
      return sql<string>`case ${sql.join(steps, sql` `)}
        else ${sql.lit(String(thresholds.length))} end`;
    }
  }
}

const isForced = (db: TenantDb, { deploymentId, hasForced }: WaitingQuestion) =>
  hasForced
    ? sql<number>`case when device.id in (select forced.device_id from deployment_forced as forced
        where forced.tenant_id = ${db.tenantId} and forced.deployment_id = ${deploymentId})
      then 1 else 0 end`
    : sql<number>`0`;

const REACHED = [null, "newer", "higher-priority"] as const;

/** An index of `REACHED`: by the first of the deployments that brought a device to their release and keep this one from it. */
const reachedBy = (
  db: TenantDb,
  { precedence: { number, priority }, steps }: WaitingQuestion,
) => sql<number>`coalesce((
    select max(case when ahead.priority > ${priority} then 2 else 1 end)
    from assignment as other join deployment as ahead on ahead.id = other.deployment_id
    where other.device_id = device.id and other.tenant_id = ${db.tenantId}
      and other.outcome in ('succeeded', 'already-running')
      and (ahead.priority > ${priority} or (ahead.priority = ${priority} and ahead.number > ${number}))
      and (ahead.number > ${number} or ahead.state in ('running', 'paused', 'tripped'))
      ${steps.length === 0 ? sql`` : sql`and ahead.version not in (${sql.join(steps)})`}), 0)`;

const assigned = (db: TenantDb, deploymentId: DeploymentId) =>
  db.kysely
    .selectFrom("assignment")
    .select("assignment.device_id as device_id")
    .where(besideTenant(db))
    .where("assignment.deployment_id", "=", deploymentId);

const updatingElsewhere = (db: TenantDb, product: ProductName) =>
  db.kysely
    .selectFrom("device")
    .where("device.tenant_id", "=", db.tenantId)
    .where("device.product", "=", product)
    .where("device.open_assignment_id", "is not", null);

const conflicting = (db: TenantDb, product: ProductName) =>
  db.kysely
    .selectFrom("device")
    .where("device.tenant_id", "=", db.tenantId)
    .where("device.product", "=", product)
    .where("device.identity_conflict_at", "is not", null);

/** Devices at which somebody has yet to decide on what they installed. */
const undecided = (db: TenantDb) =>
  db.kysely
    .selectFrom("device_attribute")
    .select("device_attribute.device_id as device_id")
    .where("device_attribute.tenant_id", "=", db.tenantId)
    .where("device_attribute.name", "=", UNDECIDED_ATTRIBUTE);

/** Who waits, is in no update, and for somebody at the device. */
export async function countWaitingUndecided(
  db: TenantDb,
  question: WaitingQuestion,
): Promise<number> {
  const { product, at } = question;
  const row = await withoutAssignment(db, question)
    .where("device.id", "in", undecided(db))
    .where("device.id", "not in", updatingElsewhere(db, product).select("device.id"))
    .where("device.id", "not in", conflicting(db, product).select("device.id"))
    .where("device.id", "not in", heldDevices(db, at))
    .select((of) => of.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Who waits and is in an update of another deployment. */
export async function countUpdatingElsewhere(
  db: TenantDb,
  question: WaitingScope,
): Promise<number> {
  const row = await withoutAssignment(db, question)
    .where("device.id", "in", updatingElsewhere(db, question.product).select("device.id"))
    .select((of) => of.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Who waits, is in no update, and shares its key with another machine. */
export async function countWaitingConflicts(db: TenantDb, question: WaitingScope): Promise<number> {
  const row = await withoutAssignment(db, question)
    .where("device.id", "in", conflicting(db, question.product).select("device.id"))
    .where("device.id", "not in", updatingElsewhere(db, question.product).select("device.id"))
    .select((of) => of.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Who waits, is in no update, and is held by a person. */
export async function countWaitingHeld(db: TenantDb, question: WaitingQuestion): Promise<number> {
  const { product, at } = question;
  const row = await withoutAssignment(db, question)
    .where("device.id", "in", heldDevices(db, at))
    .where("device.id", "not in", updatingElsewhere(db, product).select("device.id"))
    .where("device.id", "not in", conflicting(db, product).select("device.id"))
    .select((of) => of.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Devices that wait, by id. */
export async function waitingPage(
  db: TenantDb,
  question: WaitingScope,
  after: DeviceId | undefined,
  limit: number,
): Promise<DeviceId[]> {
  const rows = await withoutAssignment(db, question)
    .select("device.id as id")
    .$if(after !== undefined, (query) => query.where("device.id", ">", after!))
    .orderBy("device.id")
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}
