import {
  ClientTraits,
  Deferral,
  Plan,
  Provides,
  ReportedContext,
  type ArtifactId,
  type AssignmentId,
  type DeploymentId,
  type DeviceId,
  type DeviceState,
  type HardwareType,
  type ProductName,
} from "@moult/model";
import { UNDECIDED_ATTRIBUTE } from "@moult/device-protocol";
import {
  comparePrecedence,
  patienceOf,
  precedenceOf,
  termsToHeed,
  windowFacts,
  zoneAttributesOf,
  type WindowFacts,
  phaseEndsAt,
  isBeforeInstall,
  type DeviceHoldFacts,
  type OpenAssignmentFacts,
  type ReachedFacts,
} from "@moult/planner";
import { instant, type InstantMs } from "@moult/base";
import { fromJson } from "../platform/columns.ts";
import type { AssignmentTable } from "../platform/schema.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { timeZone } from "../platform/time-zones.ts";
import { artifactById } from "./artifact-facts-queries.ts";
import { assignmentFrom, type AssignmentRecord } from "./assignment-queries.ts";
import { holdFrom } from "./hold-facts-queries.ts";
import { habitFrom } from "./tend-queries.ts";
import {
  excludingDevice,
  isMemberOf,
  membershipsByQuery,
  type DeploymentRow,
} from "./membership-queries.ts";
import { deploymentFrom, type DeploymentRecord } from "./queries.ts";
import { attributesNamed } from "./zone-queries.ts";
import { rulesOf } from "./rules-queries.ts";
import { safeguardsFor } from "./safeguard-queries.ts";

/** What the planner has to know of the device itself. */
export interface PlanningDevice {
  readonly id: DeviceId;
  readonly product: ProductName;
  readonly state: DeviceState;
  readonly hasIdentityConflict: boolean;
  readonly hold: DeviceHoldFacts | null;
  /** What a person at the device has yet to decide on. */
  readonly undecided: string | null;
  readonly hardwareType: HardwareType;
  readonly draw: number;
  readonly enrolledAt: InstantMs;
  readonly traits: ClientTraits | null;
  readonly running: { readonly artifactName: string; readonly provides: Provides } | null;
  /** Its circumstances as it last said them. */
  readonly context: ReportedContext | null;
  readonly openAssignmentId: AssignmentId | null;
}

export async function planningDevice(
  db: TenantDb,
  deviceId: DeviceId,
): Promise<PlanningDevice | undefined> {
  const row = await db.kysely
    .selectFrom("device")
    .leftJoin("device_attribute", (join) =>
      join
        .onRef("device_attribute.tenant_id", "=", "device.tenant_id")
        .onRef("device_attribute.device_id", "=", "device.id")
        .on("device_attribute.name", "=", UNDECIDED_ATTRIBUTE),
    )
    .leftJoin("device_hold", (join) =>
      join
        .onRef("device_hold.tenant_id", "=", "device.tenant_id")
        .onRef("device_hold.device_id", "=", "device.id"),
    )
    .select([
      "device.id as id",
      "device.product as product",
      "device.state as state",
      "device.identity_conflict_at as identity_conflict_at",
      "device.hardware_type as hardware_type",
      "device.draw as draw",
      "device.enrolled_at as enrolled_at",
      "device.traits as traits",
      "device.running_artifact as running_artifact",
      "device.running_provides as running_provides",
      "device.context as context",
      "device.open_assignment_id as open_assignment_id",
      "device_attribute.value as undecided",
      "device_hold.note as hold_note",
      "device_hold.held_by as held_by",
      "device_hold.held_at as held_at",
      "device_hold.until as held_until",
    ])
    .where("device.tenant_id", "=", db.tenantId)
    .where("device.id", "=", deviceId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    id: row.id,
    product: row.product,
    state: row.state,
    hasIdentityConflict: row.identity_conflict_at !== null,
    hold: holdFrom(row),
    undecided: row.undecided,
    hardwareType: row.hardware_type,
    draw: row.draw,
    enrolledAt: instant(row.enrolled_at),
    traits: row.traits === null ? null : ClientTraits.parse(JSON.parse(row.traits)),
    running:
      row.running_artifact === null
        ? null
        : {
            artifactName: row.running_artifact,
            provides: Provides.parse(JSON.parse(row.running_provides ?? "{}")),
          },
    context: row.context === null ? null : fromJson(ReportedContext, row.context),
    openAssignmentId: row.open_assignment_id,
  };
}

/** One deployment that could concern a device, with the device's assignment in it. */
export interface Candidate {
  readonly deployment: DeploymentRecord;
  readonly isTarget: boolean;
  /** Why it is none, where more is to be said of it. */
  readonly outside: "excluded" | "frozen" | null;
  readonly isForced: boolean;
  readonly assignment: AssignmentRecord | null;
}

/**
 * Deployments beyond this many that one device is in the target of, all unfinished at once, are not looked at; the first
 * decide.
 */
const CANDIDATES_MAX = 50;
const UNFINISHED = ["running", "paused", "tripped"] as const;

/**
 * The product's unfinished deployments that target the device or have admitted it, in their order. For whoever asks why,
 * `with-others` adds those that do neither, and those that are over and had the device.
 */
export async function candidatesOf(
  db: TenantDb,
  device: Pick<PlanningDevice, "id" | "product" | "enrolledAt">,
  others: "without-others" | "with-others",
): Promise<Candidate[]> {
  const { tenantId } = db;
  const byQuery = await membershipsByQuery(db, device);
  const isMember = (row: DeploymentRow) => isMemberOf(row, tenantId, device, byQuery);
  let query = db.kysely
    .selectFrom("deployment")
    .leftJoin("assignment", (join) =>
      join
        .onRef("assignment.deployment_id", "=", "deployment.id")
        .on("assignment.device_id", "=", device.id)
        .on("assignment.tenant_id", "=", tenantId),
    )
    .selectAll("deployment")
    .select((row) => [
      "assignment.id as own_id",
      "assignment.artifact_id as own_artifact_id",
      "assignment.stage as own_stage",
      "assignment.state as own_state",
      "assignment.attempt as own_attempt",
      "assignment.event_sequence as own_event_sequence",
      "assignment.progress_percent as own_progress_percent",
      "assignment.deferral as own_deferral",
      "assignment.outcome as own_outcome",
      "assignment.code as own_code",
      "assignment.updated_at as own_updated_at",
      row.case().when(isMember(row)).then(1).else(0).end().as("is_member"),
      row
        .case()
        .when(isForcedIn(row, tenantId, device.id))
        .then(1)
        .else(0)
        .end()
        .as("is_forced"),
    ])
    .where("deployment.tenant_id", "=", tenantId)
    .where("deployment.product", "=", device.product);
  if (others === "without-others")
    query = query
      .where("deployment.state", "in", UNFINISHED)
      .where((row) => row.or([row("assignment.id", "is not", null), isMember(row)]));
  else
    query = query.where((row) =>
      row.or([row("assignment.id", "is not", null), row("deployment.state", "in", UNFINISHED)]),
    );
  const rows = await query
    .orderBy("is_member", "desc")
    .orderBy("deployment.priority", "desc")
    .orderBy("deployment.number", "desc")
    .limit(CANDIDATES_MAX)
    .execute();
  const found = rows.map((row) => ({
    deployment: deploymentFrom(row),
    isMember: row.is_member === 1,
    isForced: row.is_forced === 1,
    assignment: ownAssignment(row, device.id),
  }));
  return withoutExcluded(db, device.id, found);
}

/** Whether the target has the device is asked of the database; whether it leaves it out, of what was found. */
async function withoutExcluded(
  db: TenantDb,
  deviceId: DeviceId,
  found: readonly (Omit<Candidate, "isTarget" | "outside"> & { readonly isMember: boolean })[],
): Promise<Candidate[]> {
  const deployments = found.map(({ deployment }) => deployment);
  const excluding = await excludingDevice(db, deviceId, deployments);
  return found
    .map(({ isMember, ...candidate }) => {
      const { id, target } = candidate.deployment;
      const isExcluded = excluding.has(id);
      const outside = isExcluded ? "excluded" : target.frozenAt === null ? null : "frozen";
      return { ...candidate, isTarget: isMember && !isExcluded, outside } as const;
    })
    .toSorted((left, right) =>
      comparePrecedence(precedenceOf(left.deployment), precedenceOf(right.deployment)),
    );
}

const isForcedIn = (row: DeploymentRow, tenantId: TenantDb["tenantId"], deviceId: DeviceId) =>
  row.exists(
    row
      .selectFrom("deployment_forced as forced")
      .select("forced.device_id")
      .whereRef("forced.deployment_id", "=", "deployment.id")
      .where("forced.device_id", "=", deviceId)
      .where("forced.tenant_id", "=", tenantId),
  );

interface OwnColumns {
  readonly id: DeploymentId;
  readonly own_id: AssignmentId | null;
  readonly own_artifact_id: ArtifactId | null;
  readonly own_stage: number | null;
  readonly own_state: AssignmentTable["state"] | null;
  readonly own_attempt: number | null;
  readonly own_event_sequence: number | null;
  readonly own_progress_percent: number | null;
  readonly own_deferral: string | null;
  readonly own_outcome: AssignmentTable["outcome"];
  readonly own_code: string | null;
  readonly own_updated_at: number | null;
}

function ownAssignment(row: OwnColumns, deviceId: DeviceId): AssignmentRecord | null {
  if (row.own_id === null || row.own_state === null) return null;
  return {
    id: row.own_id,
    deploymentId: row.id,
    deviceId,
    artifactId: row.own_artifact_id,
    stage: row.own_stage ?? 0,
    state: row.own_state,
    attempt: row.own_attempt ?? 0,
    eventSequence: row.own_event_sequence ?? 0,
    progressPercent: row.own_progress_percent,
    deferral: row.own_deferral === null ? null : fromJson(Deferral, row.own_deferral),
    outcome: row.own_outcome,
    code: row.own_code,
    updatedAt: row.own_updated_at ?? 0,
  };
}

/** More deployments that are not over, or more steps on the way of one device, nobody keeps apart. */
const REACHED_MAX = 30;

/**
 * The deployments that brought the device to their release and may keep another one from it: those that are not over, by
 * whatever priority, and the newest of the others.
 */
export async function reachedBy(
  db: TenantDb,
  deviceId: DeviceId,
): Promise<readonly ReachedFacts[]> {
  const rows = await db.kysely
    .selectFrom("assignment")
    .innerJoin("deployment", "deployment.id", "assignment.deployment_id")
    .select((row) => [
      "deployment.id as deploymentId",
      "deployment.number as number",
      "deployment.version as version",
      "deployment.priority as priority",
      row.case().when("deployment.state", "in", UNFINISHED).then(0).else(1).end().as("is_over"),
    ])
    .where("assignment.tenant_id", "=", db.tenantId)
    .where("assignment.device_id", "=", deviceId)
    .where("assignment.outcome", "in", ["succeeded", "already-running"])
    .where("deployment.tenant_id", "=", db.tenantId)
    .orderBy("is_over")
    .orderBy("deployment.number", "desc")
    .limit(REACHED_MAX)
    .execute();
  return rows
    .map(({ is_over, ...row }) => ({ ...row, isOver: is_over === 1 }))
    .toSorted(comparePrecedence);
}

/** The update that the device is in, with what its deployment says by now. */
export async function openAssignmentOf(
  db: TenantDb,
  { id: deviceId, product, running }: Pick<PlanningDevice, "id" | "product" | "running">,
  assignmentId: AssignmentId,
  at: InstantMs,
): Promise<{ readonly facts: OpenAssignmentFacts; readonly record: AssignmentRecord } | undefined> {
  const row = await db.kysely
    .selectFrom("assignment")
    .innerJoin("deployment", "deployment.id", "assignment.deployment_id")
    .innerJoin("device", "device.id", "assignment.device_id")
    .selectAll("assignment")
    .select([
      "device.last_seen_at as last_seen_at",
      "device.habit_longest as habit_longest",
      "device.habit_longest_before as habit_longest_before",
      "deployment.state as deployment_state",
      "deployment.version as version",
      "deployment.release_id as release_id",
      "deployment.plan as plan",
      "deployment.installation_opened_at as installation_opened_at",
    ])
    .where("assignment.tenant_id", "=", db.tenantId)
    .where("assignment.id", "=", assignmentId)
    .where("assignment.closed_at", "is", null)
    .where("deployment.tenant_id", "=", db.tenantId)
    .where("device.tenant_id", "=", db.tenantId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const record = assignmentFrom(row);
  const plan = Plan.parse(JSON.parse(row.plan));
  const { release_id: releaseId } = row;
  const isBefore = isBeforeInstall(record.state);
  const runs = running === null ? [] : [running.artifactName];
  return {
    record,
    facts: {
      id: record.id,
      deploymentId: record.deploymentId,
      deploymentState: row.deployment_state,
      onTrip: plan.onTrip,
      version: row.version,
      state: record.state,
      attempt: record.attempt,
      artifact: record.artifactId === null ? null : await artifactById(db, record.artifactId, at),
      ...(isBefore ? termsFactsOf(plan, row.installation_opened_at) : {}),
      rules: isBefore ? (await rulesOf(db, product, [releaseId], runs))(releaseId) : null,
      safeguard: isBefore
        ? ((await safeguardsFor(db, deviceId, [releaseId])).get(releaseId) ?? null)
        : null,
      updatedAt: instant(record.updatedAt),
      lastSeenAt: row.last_seen_at === null ? null : instant(row.last_seen_at),
      patience: patienceOf(plan, habitFrom(row)),
      phaseEndsAt:
        record.deferral === null ? phaseEndsAt(plan, record.state, instant(row.phase_since)) : null,
      deferral: record.deferral,
      window: await deferredWindow(db, record, plan, at),
      isUntold: isBefore && row.installation_opened_at !== null && row.installation_told === 0,
    },
  };
}

/** Nothing is said of terms that there are not. */
function termsFactsOf(
  plan: Plan,
  installationOpenedAt: number | null,
): Pick<OpenAssignmentFacts, "termsToHeed"> {
  const opening = installationOpenedAt === null ? {} : { isInstallationOpen: true as const };
  const terms = termsToHeed({ plan, ...opening });
  return terms.length === 0 ? {} : { termsToHeed: terms };
}

/** Whether the plan lets a device begin the step that it puts off. */
async function deferredWindow(
  db: TenantDb,
  { deviceId, deferral }: AssignmentRecord,
  plan: Plan,
  at: InstantMs,
): Promise<WindowFacts> {
  if (deferral === null || plan.windows === undefined) return { kind: "always" };
  const attributes = await attributesNamed(db, deviceId, zoneAttributesOf(plan));
  return windowFacts(plan, deferral.before, attributes, timeZone, at);
}
