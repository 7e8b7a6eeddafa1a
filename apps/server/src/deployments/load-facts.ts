import type { InstantMs } from "@moult/base";
import type { DecideFacts, DeploymentFacts } from "@moult/planner";
import {
  CANCELLED,
  lastStage,
  placeOf,
  siteAttributes,
  offerWindow,
  zoneAttributesOf,
} from "@moult/planner";
import type { TenantDb } from "../platform/tenant-db.ts";
import { timeZone } from "../platform/time-zones.ts";
import { endedAttempts } from "./assignment-queries.ts";
import { standingOf } from "./census-queries.ts";
import { artifactsFor } from "./artifact-facts-queries.ts";
import { flowOf } from "./flow-queries.ts";
import {
  candidatesOf,
  openAssignmentOf,
  reachedBy,
  type Candidate,
  type PlanningDevice,
} from "./facts-queries.ts";
import { namedStagesOf } from "./named-stage-queries.ts";
import { pastUpdates } from "./past-queries.ts";
import { rulesOf } from "./rules-queries.ts";
import { siteFacts } from "./site-queries.ts";
import { attributesNamed } from "./zone-queries.ts";
import { safeguardsFor } from "./safeguard-queries.ts";

/**
 * Reads what the planner decides one device by: a fixed number of questions, each bounded whatever the size of the fleet.
 * `others`: also deployments that have nothing to do with the device, so that "why not" can name them.
 */
export async function loadFacts(
  db: TenantDb,
  device: PlanningDevice,
  isIdle: boolean | null,
  at: InstantMs,
  others: "without-others" | "with-others" = "without-others",
): Promise<DecideFacts> {
  const open =
    device.openAssignmentId === null
      ? undefined
      : await openAssignmentOf(db, device, device.openAssignmentId, at);
  // What is under way goes on by itself; nothing else is asked for.
  const candidates = open === undefined ? await candidatesOf(db, device, others) : [];
  return {
    now: at,
    device: {
      state: device.state,
      hasIdentityConflict: device.hasIdentityConflict,
      hold: device.hold,
      undecided: device.undecided,
      hardwareType: device.hardwareType,
      draw: device.draw,
      traits: device.traits,
      running: device.running,
      context: device.context,
      isIdle,
    },
    openAssignment: open?.facts ?? null,
    candidates: await candidateFacts(db, device, candidates, at),
    reached: candidates.length === 0 ? [] : await reachedBy(db, device.id),
  };
}

async function candidateFacts(
  db: TenantDb,
  device: PlanningDevice,
  candidates: readonly Candidate[],
  at: InstantMs,
): Promise<readonly DeploymentFacts[]> {
  const assignmentIds = candidates.flatMap(({ assignment }) => assignment?.id ?? []);
  const attempts = await endedAttempts(db, assignmentIds);
  const releaseIds = [...new Set(candidates.map(({ deployment }) => deployment.releaseId))];
  const artifacts = await artifactsFor(db, releaseIds, device.hardwareType, at);

  const past = await pastUpdates(db, device.id, candidates);
  const safeguards = await safeguardsFor(db, device.id, releaseIds);
  const rules = await rulesOf(db, device.product, releaseIds, runningOf(device));
  const named = new Set(
    candidates.flatMap(({ deployment: { plan } }) => [
      ...zoneAttributesOf(plan),
      ...siteAttributes(plan),
    ]),
  );
  const attributes = await attributesNamed(db, device.id, [...named]);
  const namedStage = await namedStagesOf(db, device.id, withoutPlace(candidates));

  const facts: DeploymentFacts[] = [];
  for (const { deployment, isTarget, outside, isForced, assignment } of candidates) {
    const fitting = artifacts.get(deployment.releaseId) ?? [];
    const place = {
      id: device.id,
      place: placeOf(device.draw, deployment.salt),
      namedStage: namedStage.get(deployment.id) ?? null,
    };
    facts.push({
      id: deployment.id,
      number: deployment.number,
      state: deployment.state,
      version: deployment.version,
      ...planFactsOf(deployment),
      stage: deployment.stage,
      stageOpenedAt: deployment.stageOpenedAt,
      salt: deployment.salt,
      tally: deployment.counts,
      flow: await flowOf(db, deployment, await siteFacts(db, deployment, attributes), at),
      waived: deployment.waived,
      approvals: deployment.approvals,
      isTarget,
      ...(isTarget || outside === null ? {} : { outside }),
      ...holdBackOf(deployment),
      isForced,
      window: offerWindow(deployment.plan, attributes, timeZone, at),
      artifacts: fitting,
      rules: rules(deployment.releaseId),
      safeguard: safeguards.get(deployment.releaseId) ?? null,
      past: past(deployment),
      assignment:
        assignment === null
          ? null
          : {
              id: assignment.id,
              state: assignment.state,
              attempt: assignment.attempt,
              outcome: assignment.outcome,
              isCancelled: assignment.outcome === "aborted" && assignment.code === CANCELLED,
              attempts: attempts.get(assignment.id) ?? [],
            },
      standing:
        fitting.length > 0 && needsStanding(deployment, assignment)
          ? await standingOf(db, deployment, place, at)
          : null,
    });
  }
  return facts;
}

const runningOf = ({ running }: PlanningDevice): readonly string[] =>
  running === null ? [] : [running.artifactName];

/** Nothing is said of a share that there is not. */
export const holdBackOf = ({
  target: { holdBackPercent },
}: Candidate["deployment"]): Pick<DeploymentFacts, "holdBackPercent"> =>
  holdBackPercent === null ? {} : { holdBackPercent };

/** Its plan, and whether the word that it may wait for is said. */
export const planFactsOf = ({
  plan,
  installationOpenedAt,
}: Candidate["deployment"]): Pick<DeploymentFacts, "plan" | "isInstallationOpen"> =>
  installationOpenedAt === null ? { plan } : { plan, isInstallationOpen: true };

const withoutPlace = (candidates: readonly Candidate[]): readonly Candidate["deployment"][] =>
  candidates
    .filter(({ deployment, assignment }) => needsStanding(deployment, assignment))
    .map(({ deployment }) => deployment);

/** A device that has its place keeps it, and the last stage takes whoever comes; ranking it would be for nothing. */
function needsStanding(
  { state, stage, plan }: Candidate["deployment"],
  assignment: Candidate["assignment"],
): boolean {
  const hasPlace = assignment !== null && assignment.outcome !== "aborted";
  return state === "running" && stage !== lastStage(plan) && !hasPlace;
}
