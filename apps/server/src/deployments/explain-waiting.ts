import { instant, isoText, type InstantMs } from "@moult/base";
import type {
  DeploymentId,
  DeploymentProgress,
  DeviceId,
  HardwareType,
  ReleaseVersion,
  WaitingDevice,
} from "@moult/model";
import {
  decide,
  isActive,
  comparePrecedence,
  lastStage,
  NO_FLOW,
  precedenceOf,
  sentenceOf,
  siteAttributes,
  siteOf,
  sentenceOfMany,
  waitFor,
  waitKey,
  offerWindow,
  zoneAttributesOf,
  type ArtifactFacts,
  type Census,
  type DecideFacts,
  type DeploymentFacts,
  type FlowFacts,
  type Standing,
  type Wait,
} from "@moult/planner";
import type { TenantDb } from "../platform/tenant-db.ts";
import { timeZone } from "../platform/time-zones.ts";
import { artifactsFor } from "./artifact-facts-queries.ts";
import { censusOf, rankedDevices } from "./census-queries.ts";
import { classMembers, runningOf, sampleDevices, type ClassMember } from "./class-queries.ts";
import { hasForced } from "./device-order-queries.ts";
import { flowOf } from "./flow-queries.ts";
import { planningDevice, type PlanningDevice } from "./facts-queries.ts";
import { holdBackOf, loadFacts, planFactsOf } from "./load-facts.ts";
import { openBySite } from "./site-queries.ts";
import {
  countUpdatingElsewhere,
  countWaitingConflicts,
  countWaitingHeld,
  countWaitingUndecided,
  waitingClasses,
  type WaitingClass,
  type WaitingQuestion,
} from "./progress-queries.ts";
import { activeDeployments, hasDeploymentBefore, type DeploymentRecord } from "./queries.ts";
import { repeatedDevices } from "./past-queries.ts";
import { rulesOf, stepsTo } from "./rules-queries.ts";
import { holdingSafeguards } from "./safeguard-queries.ts";
import { scopeOf } from "./target-scope.ts";

/** More unfinished deployments of one product at once nobody keeps apart. */
const BEFORE_MAX = 5;

/** What those devices of the target wait for that were not offered it yet, the most frequent first. */
export async function waitingReasons(
  db: TenantDb,
  deployment: DeploymentRecord,
  at: InstantMs,
): Promise<DeploymentProgress["waiting"]> {
  if (!isActive(deployment.state)) return [];
  const context = await contextOf(db, deployment, at);
  const { question } = context;
  const counts = new Map<string, { readonly wait: Wait; count: number }>();
  const note = (wait: Wait, count: number): void => {
    const key = waitKey(wait);
    const noted = counts.get(key) ?? { wait, count: 0 };
    noted.count += count;
    counts.set(key, noted);
  };

  const classes = await waitingClasses(db, question);
  const members = await classMembers(
    db,
    classes.map(({ sampleId }) => sampleId),
  );
  const releaseIds = [deployment, ...context.before.map((one) => one.deployment)].map(
    (one) => one.releaseId,
  );
  const rules = await rulesOf(db, deployment.product, releaseIds, runningOf(members.values()));
  for (const each of classes)
    note(waitOf(context, rules, each, members.get(each.sampleId)), each.count);
  note({ kind: "identity-conflict" }, await countWaitingConflicts(db, question));
  note(HELD, await countWaitingHeld(db, question));
  note(BY_SOMEBODY, await countWaitingUndecided(db, question));
  note(IN_ANOTHER, await countUpdatingElsewhere(db, question));
  await noteRepeated(db, deployment, at, note);
  return [...counts.values()]
    .filter(({ count }) => count > 0)
    .toSorted((left, right) => right.count - left.count)
    .map(({ wait, count }) => ({ kind: wait.kind, sentence: sentenceOfMany(wait, count), count }));
}

/**
 * Classes know nothing of what became of the release before: those of whom that may decide are few, and each is told what it
 * waits for instead of what others of its class do.
 */
async function noteRepeated(
  db: TenantDb,
  deployment: DeploymentRecord,
  at: InstantMs,
  note: (wait: Wait, count: number) => void,
): Promise<void> {
  for (const deviceId of await repeatedDevices(db, deployment)) {
    const device = await planningDevice(db, deviceId);
    if (device === undefined) continue;
    const facts = await factsUpTo(db, device, deployment, at);
    const own = facts.candidates.find(({ id }) => id === deployment.id);
    if (own === undefined || own.assignment !== null || !own.isTarget) continue;
    const forgetful = facts.candidates.map((one) => ({ ...one, past: [] }));
    note(waitFor(decide({ ...facts, candidates: forgetful }), deployment), -1);
    note(waitFor(decide(facts), deployment), 1);
  }
}

/** What decides a device, without deployments after this one, which decide only where it does not and say nothing about it. */
async function factsUpTo(
  db: TenantDb,
  device: PlanningDevice,
  deployment: DeploymentRecord,
  at: InstantMs,
): Promise<DecideFacts> {
  const facts = await loadFacts(db, device, null, at, "with-others");
  const candidates = facts.candidates.filter((one) => !goesBefore(deployment, one));
  return { ...facts, candidates };
}

type Placed = Parameters<typeof precedenceOf>[0];

const goesBefore = (one: Placed, other: Placed): boolean =>
  comparePrecedence(precedenceOf(one), precedenceOf(other)) < 0;

/** Of many devices, in whichever updates they are: no sentence about them names one. */
const IN_ANOTHER = { kind: "update-in-progress", deploymentId: "", assignmentId: "" } as Wait;

/** Of many devices, whoever holds each and why. */
const HELD: Wait = {
  kind: "device-held",
  note: "",
  by: "",
  since: isoText(instant(0)),
  until: null,
};

/** Of many devices, whatever was installed on each. */
const BY_SOMEBODY: Wait = { kind: "installation-undecided", artifactName: "" };

interface Context {
  readonly deployment: DeploymentRecord;
  readonly question: WaitingQuestion;
  readonly census: Census;
  /** Of an exact census. */
  readonly rankOf: ReadonlyMap<DeviceId, number>;
  readonly artifacts: Artifacts;
  readonly flow: FlowFacts;
  readonly openBySite: ReadonlyMap<string, number>;
  /** Those that go before it, the first of them first. */
  readonly before: readonly {
    readonly deployment: DeploymentRecord;
    readonly artifacts: Artifacts;
  }[];
  readonly at: InstantMs;
}

type Artifacts = readonly ArtifactFacts[];

async function contextOf(
  db: TenantDb,
  deployment: DeploymentRecord,
  at: InstantMs,
): Promise<Context> {
  const { product, plan } = deployment;
  const census = await censusOf(db, deployment, at);
  const isRanked = census.kind === "exact" && deployment.stage !== lastStage(plan);
  const ranked = isRanked ? await rankedDevices(db, deployment) : [];
  const before = (await activeDeployments(db, product))
    .filter((one) => goesBefore(one, deployment))
    .toSorted((one, other) => comparePrecedence(precedenceOf(one), precedenceOf(other)))
    .slice(0, BEFORE_MAX);
  const releaseIds = [...new Set([deployment, ...before].map((one) => one.releaseId))];
  const ofReleases = await artifactsFor(db, releaseIds, undefined, at);
  const holding = await holdingSafeguards(db, releaseIds);
  const artifactsOf = ({ releaseId }: DeploymentRecord): Artifacts =>
    ofReleases.get(releaseId) ?? [];
  const artifacts = artifactsOf(deployment);
  const hardwareTypes = [...new Set(artifacts.flatMap((one) => one.hardwareTypes))];
  const admission = admissionOf(deployment, census, hardwareTypes);
  return {
    deployment,
    census,
    rankOf: new Map(ranked.map((id, rank) => [id, rank])),
    artifacts,
    flow: await flowOf(db, deployment, null, at),
    openBySite: await openBySite(db, deployment),
    before: before.map((one) => ({ deployment: one, artifacts: artifactsOf(one) })),
    at,
    question: {
      namedStages: admission.kind === "all-alike" ? [] : deployment.namedStages,
      deploymentId: deployment.id,
      product,
      scope: scopeOf(deployment),
      salt: deployment.salt,
      holdBackPercent: deployment.target.holdBackPercent,
      precedence: precedenceOf(deployment),
      hasForced: await hasForced(db, deployment.id),
      at,
      admission,
      attributes: [...new Set([...zoneAttributesOf(plan), ...siteAttributes(plan)])],
      byContext: plan.conditions !== undefined,
      before: before.map((one) => ({
        id: one.id,
        scope: scopeOf(one),
        salt: one.salt,
        holdBackPercent: one.target.holdBackPercent,
        safeguards: holding.filter(({ releaseId }) => releaseId === one.releaseId),
      })),
      hasBefore: await hasDeploymentBefore(db, deployment),
      safeguards: holding.filter(({ releaseId }) => releaseId === deployment.releaseId),
      steps: await stepsTo(db, deployment),
    },
  };
}

function admissionOf(
  { plan, stage, state }: DeploymentRecord,
  census: Census,
  hardwareTypes: readonly HardwareType[],
): WaitingQuestion["admission"] {
  // The last stage takes whoever comes, and one that stands still takes nobody.
  if (stage === lastStage(plan) || state !== "running" || hardwareTypes.length === 0)
    return { kind: "all-alike" };
  if (census.kind === "exact") return { kind: "by-rank", hardwareTypes };
  return {
    kind: "by-place",
    thresholds: census.thresholds,
  };
}

/** Some deployment before this one, whichever it is: of a group nobody is told which. */
const reachedFacts = (
  { plan: { priority } }: DeploymentRecord,
  reached: WaitingClass["reached"],
): DecideFacts["reached"] =>
  reached === null
    ? []
    : [
        {
          deploymentId: "" as DeploymentId,
          number: Number.MAX_SAFE_INTEGER,
          priority: reached === "newer" ? priority : priority + 1,
          isOver: false,
          version: "" as ReleaseVersion,
        },
      ];

type RulesOf = Awaited<ReturnType<typeof rulesOf>>;

/** What the planner says to one of the class. */
function waitOf(
  context: Context,
  rules: RulesOf,
  each: WaitingClass,
  member: ClassMember | undefined,
): Wait {
  const { deployment, census, rankOf, before } = context;
  const { state, hardwareType } = each;
  const fitting = (artifacts: Artifacts): Artifacts =>
    artifacts.filter(({ hardwareTypes }) => hardwareTypes.includes(hardwareType));
  // It brought them a step on the way, and is done with them.
  const isDone = ({ version }: DeploymentRecord): boolean =>
    member?.running?.artifactName === version && context.question.steps.includes(version);
  const standing: Standing = {
    census,
    rank: rankOf.get(each.sampleId) ?? census.eligible,
    namedStage: each.namedStage,
  };
  const decision = decide({
    now: context.at,
    device: {
      state,
      hardwareType,
      hasIdentityConflict: false,
      hold: null,
      undecided: null,
      draw: each.draw,
      traits: member?.traits ?? null,
      running: member?.running ?? null,
      context: each.context,
      isIdle: null,
    },
    openAssignment: null,
    candidates: [
      ...before.map((one) => ({
        ...factsOf(one.deployment, fitting(one.artifacts), rules, null),
        // Whatever one before it that targets the device answers, it is the one that decides.
        stage: lastStage(one.deployment.plan),
        isTarget: each.beforeIds.has(one.deployment.id) && !isDone(one.deployment),
      })),
      {
        ...factsOf(deployment, fitting(context.artifacts), rules, standing),
        isForced: each.isForced,
        ...holdBackOf(deployment),
        flow: { ...context.flow, site: siteOfClass(context, each) },
        safeguard: each.safeguard,
        window: offerWindow(deployment.plan, each.attributes, timeZone, context.at),
      },
    ],
    reached: reachedFacts(deployment, each.reached),
  });
  return waitFor(decision, deployment);
}

function siteOfClass(
  { deployment: { plan }, openBySite: open }: Context,
  { attributes }: WaitingClass,
): FlowFacts["site"] {
  if (plan.limits.perSite === undefined) return null;
  const site = siteOf(plan, attributes);
  return { site, open: open.get(site) ?? 0 };
}

const factsOf = (
  deployment: DeploymentRecord,
  artifacts: Artifacts,
  rules: RulesOf,
  standing: Standing | null,
): DeploymentFacts => ({
  id: deployment.id,
  number: deployment.number,
  state: deployment.state,
  version: deployment.version,
  ...planFactsOf(deployment),
  stage: deployment.stage,
  stageOpenedAt: deployment.stageOpenedAt,
  salt: deployment.salt,
  tally: deployment.counts,
  flow: NO_FLOW,
  waived: deployment.waived,
  approvals: deployment.approvals,
  isTarget: true,
  isForced: false,
  window: { kind: "always" },
  artifacts,
  rules: rules(deployment.releaseId),
  safeguard: null,
  past: [],
  assignment: null,
  standing,
});

/** Some devices that wait, each with what the planner tells it now. */
export async function explainWaiting(
  db: TenantDb,
  deployment: DeploymentRecord,
  deviceIds: readonly DeviceId[],
  at: InstantMs,
): Promise<WaitingDevice[]> {
  const devices: WaitingDevice[] = [];
  for (const { id, name } of await sampleDevices(db, deviceIds)) {
    const device = await planningDevice(db, id);
    if (device === undefined) continue;
    const facts = await factsUpTo(db, device, deployment, at);
    const wait = isActive(deployment.state)
      ? waitFor(decide(facts), deployment)
      : overFor(deployment);
    const sentence =
      wait.kind === "next-check-in" ? "It is offered at its next check-in." : sentenceOf(wait);
    devices.push({ id, name, kind: wait.kind, sentence });
  }
  return devices;
}

const overFor = ({ id, state }: DeploymentRecord): Wait => ({
  kind: "deployment-not-running",
  deploymentId: id,
  state,
});
