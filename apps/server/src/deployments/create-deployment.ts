import { randomInt } from "node:crypto";
import type { BodyOf, operations } from "@moult/api";
import type { Clock, InstantMs, Log } from "@moult/base";
import type { DeploymentId, UserId } from "@moult/model";
import {
  PLACES,
  approvalsImpossible,
  checkConditions,
  checkPlan,
  conditionsRefused,
  recordCreation,
} from "@moult/planner";
import { ApiError } from "../platform/api-error.ts";
import { appendEvent } from "../platform/events.ts";
import { newId } from "../platform/new-id.ts";
import type { Principal } from "../platform/operation-handler.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { holdRelease } from "../releases/index.ts";
import { approversBut } from "./approval-queries.ts";
import { countAll, isEstimated } from "./census-queries.ts";
import { checkedTarget, type CheckedTarget } from "./checked-target.ts";
import { liveScope } from "./target-scope.ts";
import { writeDownScope } from "./scope-queries.ts";
import { checkedNamedStages } from "./named-stages.ts";
import { nameFor } from "./name-deployment.ts";
import { previewDeployment } from "./preview-deployment.ts";
import { rollsBack } from "./rollback-gaps.ts";
import type { StoredCensus } from "./stored-census.ts";
import { unknownZones } from "./window-zones.ts";
import { hasArtifact } from "./list-queries.ts";
import {
  insertDeployment,
  insertTargetDevices,
  setCensus,
  setSalt,
  type DeploymentRecord,
} from "./queries.ts";

export type DeploymentRequest = BodyOf<typeof operations.createDeployment>;

interface Deps {
  readonly clock: Clock;
  readonly log: Log;
  readonly frozenMax?: number;
}

/** Devices that a frozen group or query is written down with: as many as one statement does in about a second. */
const FROZEN_MAX = 100_000;

/**
 * Starts a deployment: a constant number of rows but for the devices of a list and of a frozen target, which are written
 * down. Throws `ApiError` `not-found`, `release-empty`, `target-empty`, `target-too-large`, `rollback-impossible` and
 * `approvals-impossible`; then nothing was written.
 */
export async function createDeployment(
  db: TenantDb,
  request: DeploymentRequest,
  { name: by, userId: makerId }: Pick<Principal, "name" | "userId">,
  { clock, log, frozenMax = FROZEN_MAX }: Deps,
): Promise<DeploymentRecord> {
  const at = clock.now();
  const [unknown] = unknownZones(request.plan);
  if (unknown !== undefined)
    throw new ApiError(
      "invalid-request",
      `plan.windows.${unknown[0]}.zone: this server knows no time zone ${unknown[1]}.`,
    );
  for (const finding of checkConditions(request.plan))
    if (finding.kind !== "conditions-always")
      throw new ApiError("invalid-request", `plan.conditions: ${conditionsRefused(finding)}`);
  await refuseFalsePromises(db, request, makerId, at);
  return db.transaction(async (inner) => {
    const release = await holdRelease(inner, request.releaseId);
    if (release === undefined) throw new ApiError("not-found", "There is no release with this id.");
    if (!(await hasArtifact(inner, request.releaseId)))
      throw new ApiError("release-empty", "Upload an artifact to the release, then deploy it.");
    const target = await checkedTarget(inner, request.target, release.product, "hold");

    const namedStages = await checkedNamedStages(inner, request.plan, release.product, "hold");
    const inserted = await insertDeployment(inner, {
      namedStages,
      id: newId<DeploymentId>(at),
      name: request.name ?? (await nameFor(inner, release, target)),
      product: release.product,
      releaseId: request.releaseId,
      version: release.version,
      target,
      plan: request.plan,
      salt: randomInt(1, PLACES),
      createdBy: by,
      createdByUser: makerId,
      createdAt: at,
    });
    await writeTarget(inner, inserted, target, frozenMax);

    const { created, census } = await drawn(inner, inserted, at);
    if (census.eligible === 0)
      throw new ApiError(
        "target-empty",
        `No accepted device of the target has a hardware type that ${release.version} has an artifact for.`,
      );
    if (await isEstimated(inner, created)) await setCensus(inner, created.id, census);
    const approvers = await approversBut(inner, makerId);
    for (const finding of checkPlan(request.plan, census.eligible, approvers, [], census.named)) {
      if (finding.kind === "approvals-impossible")
        throw new ApiError("approvals-impossible", approvalsImpossible(finding));
      const { kind, ...facts } = finding;
      log.info("deployment-plan-finding", { deploymentId: created.id, finding: kind, ...facts });
    }

    const body = { kind: "deployment-created", version: release.version, by } as const;
    const inputs = recordCreation(created);
    await appendEvent(inner, { at, deploymentId: created.id, body, inputs });
    await raisePlanningEpoch(inner);
    return created;
  });
}

/** More draws than these in a row hold everybody back by no chance. */
const DRAWS_MAX = 100;

/** The deployment with its devices counted. A draw that holds all of a small target back is no share of it: another is made. */
async function drawn(
  db: TenantDb,
  inserted: DeploymentRecord,
  at: InstantMs,
): Promise<{ readonly created: DeploymentRecord; readonly census: StoredCensus }> {
  let created = inserted;
  for (let draws = 1; ; draws += 1) {
    const census = await countAll(db, created, at);
    if (census.eligible > 0 || census.heldBack === 0 || draws === DRAWS_MAX)
      return { created, census };
    created = { ...created, salt: randomInt(1, PLACES) };
    await setSalt(db, created.id, created.salt);
  }
}

/** Devices that a target names, and those of a frozen one. Throws `ApiError` `target-too-large`. */
async function writeTarget(
  db: TenantDb,
  { id, product }: DeploymentRecord,
  target: CheckedTarget,
  frozenMax: number,
): Promise<void> {
  await insertTargetDevices(db, "deployment_excluded", id, target.excludedIds);
  if (target.kind === "devices")
    await insertTargetDevices(db, "deployment_device", id, target.deviceIds);
  else if (target.kind !== "all" && target.isFrozen) {
    const scope = liveScope(target, null);
    if ((await writeDownScope(db, id, product, scope, frozenMax + 1)) > frozenMax)
      throw new ApiError(
        "target-too-large",
        `A frozen target is written down device by device, and this one has more than ${frozenMax}. Let it be live, or freeze the target "all" and exclude the rest.`,
      );
  }
}

/** A plan that promises to take devices back is refused where it could not keep that. */
async function refuseFalsePromises(
  db: TenantDb,
  request: DeploymentRequest,
  makerId: UserId,
  at: InstantMs,
): Promise<void> {
  if (!rollsBack(request.plan)) return;
  const { findings } = await previewDeployment(db, request, at, makerId);
  const broken = findings.find(
    ({ field, severity }) => field === "plan.onTrip" && severity === "error",
  );
  if (broken !== undefined) throw new ApiError("rollback-impossible", broken.sentence);
}
