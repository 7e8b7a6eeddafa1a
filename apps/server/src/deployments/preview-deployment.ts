import type { InstantMs } from "@moult/base";
import type { BodyOf, operations } from "@moult/api";
import type {
  DeploymentId,
  DeploymentPreview,
  DeviceId,
  DeviceTrustLevel,
  HardwareType,
  Plan,
  Release,
  UserId,
} from "@moult/model";
import {
  confirmSentence,
  findingsOf,
  heldBackAbout,
  finishedOf,
  previewFor,
  sentenceOfMany,
  stageSteps,
  trustLevelOf,
  waitKey,
  type Intent,
  type PreviewedRelease,
  type PreviewVerdict,
  type Wait,
} from "@moult/planner";
import { othersTurn } from "../platform/others-turn.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { releaseOrRefusal } from "../releases/index.ts";
import { artifactsFor } from "./artifact-facts-queries.ts";
import { approversBut } from "./approval-queries.ts";
import { conditionGap } from "./context-queries.ts";
import { checkedTarget, type CheckedTarget } from "./checked-target.ts";
import { namedCountsIn } from "./named-stage-queries.ts";
import { checkedNamedStages, namedStagesFrom, type NamedStage } from "./named-stages.ts";
import { nameFor } from "./name-deployment.ts";
import {
  classMembers,
  countSharedTargets,
  deviceClasses,
  exceptionalDevices,
  runningOf,
  sampleDevices,
  type ClassMember,
  type DeviceClass,
  type ExceptionalDevice,
} from "./class-queries.ts";
import { activeDeployments, type DeploymentRecord } from "./queries.ts";
import { rollbackGaps, type Receiving } from "./rollback-gaps.ts";
import { rulesOf } from "./rules-queries.ts";
import { holdingSafeguards } from "./safeguard-queries.ts";
import { unknownZones, zoneGaps } from "./window-zones.ts";
import { isEverybody, type Exclusion, type Scope } from "./scope-queries.ts";
import { exclusionOf } from "./target-record.ts";
import { liveScope, scopeOf } from "./target-scope.ts";

type Request = BodyOf<typeof operations.previewDeployment>;

const SAMPLES_MAX = 5;
const REASONS_MAX = 20;
/** Of unfinished deployments of one product; more of them at once nobody keeps apart. */
const SHARED_MAX = 10;
/** A list goes into statements in parts. */
const IDS_PER_SCOPE = 1_000;

/** Stands in reasons for the deployment that is not there yet; nobody sees it. */
const NOT_YET = "00000000-0000-0000-0000-000000000000" as DeploymentId;

/**
 * What a deployment would do if it were created now. A fleet has few classes of devices that are alike in all that the
 * planner looks at, so it is asked once for each class, however many devices there are. `makerId`: who would make it, and so
 * could approve none of its stages. `checkInSeconds`: how often devices ask.
 */
export async function previewDeployment(
  db: TenantDb,
  request: Request,
  now: InstantMs,
  makerId: UserId | null = null,
  checkInSeconds: number | null = null,
): Promise<DeploymentPreview> {
  const release = await releaseOrRefusal(db, request.releaseId);
  const { version } = release;
  const artifacts = (await artifactsFor(db, [release.id], undefined, now)).get(release.id) ?? [];
  const brought = { deploymentId: NOT_YET, version, plan: request.plan, artifacts, now };
  const namedStages = namedStagesFrom(
    await checkedNamedStages(db, request.plan, release.product, "read"),
  );
  const target = await checkedTarget(db, request.target, release.product, "read");
  const scopes = scopesOf(target);
  const seen = createTally();
  for (const scope of scopes) {
    await othersTurn();
    await tallyScope(db, brought, release, scope, seen);
    await tallyNamed(db, release, scope, namedStages, seen);
  }
  await othersTurn();

  const { holdBackPercent = null } = request.target;
  const eligible = seen.eligible - heldBackAbout(seen.eligible, holdBackPercent);
  const named = seen.named.map((count) => count - heldBackAbout(count, holdBackPercent));
  holdBack(seen, holdBackPercent);

  const rollback = { deploymentId: NOT_YET, now };
  const intent: Intent = {
    version: release.version,
    target: target.kind,
    plan: request.plan,
    eligible: seen.eligible,
    holdBackPercent,
    named,
    gets: seen.gets,
    alreadyRunning: seen.alreadyRunning,
    artifacts: release.artifacts,
    keptOut: keptOutOf(seen),
    broughtVersions: (await activeDeployments(db, release.product))
      .filter(({ state }) => state === "running")
      .map((one) => one.version),
    unknownZones: unknownZones(request.plan),
    zoneGaps: await zoneGaps(db, release.product, scopes, request.plan),
    conditionGap: await conditionGap(
      db,
      release.product,
      scopes,
      hardwareTypesOf(release),
      request.plan,
    ),
    checkInSeconds,
    approvers: await approversBut(db, makerId),
    rollbackGaps: await rollbackGaps(db, release, request.plan, seen.receiving, rollback),
  };
  return {
    name: await nameFor(db, release, target),
    targeted: seen.targeted,
    gets: seen.gets,
    alreadyRunning: seen.alreadyRunning,
    cannot: await cannotOf(db, seen),
    ...(await sharing(db, release, request.plan, scopes, seen.classes)),
    stages: stagesOf(request.plan, eligible, named),
    trust: Object.fromEntries(seen.trust),
    findings: findingsOf(intent),
    confirm: confirmSentence(intent),
  };
}

const stagesOf = (
  plan: Request["plan"],
  eligible: number,
  named: readonly number[],
): DeploymentPreview["stages"] =>
  stageSteps(plan, eligible, named).map((deviceCount, index) => ({
    size: plan.stages[index]?.size ?? { remaining: true },
    deviceCount,
  }));

async function tallyNamed(
  db: TenantDb,
  release: Release,
  scope: Scope,
  namedStages: readonly NamedStage[],
  { named }: Tallied,
): Promise<void> {
  const naming = { id: NOT_YET, namedStages };
  const own = await namedCountsIn(db, release.product, scope, naming, hardwareTypesOf(release));
  for (const [stage, count] of own.entries()) named[stage] = (named[stage] ?? 0) + count;
}

/** Takes those out of the numbers that are held back; who they are is drawn when the deployment is created. */
function holdBack(seen: Tallied, percent: number | null): void {
  const count = heldBackAbout(seen.gets, percent);
  if (percent === null || count === 0) return;
  seen.gets -= count;
  for (const [level, own] of seen.trust) seen.trust.set(level, own - heldBackAbout(own, percent));
  const wait = { kind: "held-back-share", deploymentId: NOT_YET, percent } as const;
  seen.cannot.set(waitKey(wait), { wait, count, sampleIds: [] });
}

/** Those that a rule of the release keeps out, which people can change, or who runs what it asks for. */
const keptOutOf = ({ cannot }: Tallied): Intent["keptOut"] =>
  [...cannot.values()].flatMap(({ wait: reason, count }) =>
    reason.kind === "minimum-version" ||
    reason.kind === "must-pass-through" ||
    reason.kind === "safeguard"
      ? [{ reason, count }]
      : [],
  );

function scopesOf(target: CheckedTarget): readonly Scope[] {
  const { terms, excludedIds } = target;
  const exclusion = exclusionOf(terms?.exclude ?? null, NOT_YET);
  const except: Exclusion | null =
    exclusion === null ? null : { ...exclusion, devices: { kind: "ids", deviceIds: excludedIds } };
  // Who is there now is there when it is created.
  if (target.kind === "all") return [{ kind: "all", enrolledUntil: null, except }];
  if (target.kind !== "devices") return [liveScope(target, except)];
  const { deviceIds } = target;
  const parts = Math.ceil(deviceIds.length / IDS_PER_SCOPE);
  return Array.from({ length: parts }, (_, part) => ({
    kind: "ids",
    deviceIds: deviceIds.slice(part * IDS_PER_SCOPE, (part + 1) * IDS_PER_SCOPE),
    except,
  }));
}

const hardwareTypesOf = ({ artifacts }: Release): readonly HardwareType[] => [
  ...new Set(artifacts.flatMap(({ hardwareTypes }) => hardwareTypes)),
];

interface Refused {
  readonly wait: Wait;
  count: number;
  readonly sampleIds: DeviceId[];
}

interface Tallied {
  targeted: number;
  eligible: number;
  gets: number;
  alreadyRunning: number;
  readonly named: number[];
  readonly trust: Map<DeviceTrustLevel["level"], number>;
  readonly classes: DeviceClass[];
  readonly receiving: Receiving[];
  readonly cannot: Map<string, Refused>;
}

const createTally = (): Tallied => ({
  targeted: 0,
  eligible: 0,
  gets: 0,
  alreadyRunning: 0,
  named: [],
  trust: new Map(),
  classes: [],
  receiving: [],
  cannot: new Map(),
});

async function tallyScope(
  db: TenantDb,
  brought: Omit<PreviewedRelease, "rules" | "safeguard">,
  { id: releaseId, product }: Pick<Release, "id" | "product">,
  scope: Scope,
  seen: Tallied,
): Promise<void> {
  const safeguards = await holdingSafeguards(db, [releaseId]);
  const classes = await deviceClasses(db, product, scope, safeguards);
  seen.classes.push(...classes);
  const exceptional = Map.groupBy(
    await exceptionalDevices(db, product, scope, safeguards, brought.now),
    ({ key }) => key,
  );
  const members = await classMembers(
    db,
    classes.map(({ firstId }) => firstId),
  );
  const rulesFor = await rulesOf(db, product, [releaseId], runningOf(members.values()));
  const rules = rulesFor(releaseId);
  for (const each of classes) {
    const member = members.get(each.firstId) ?? { traits: null, running: null };
    const artifacts = brought.artifacts.filter(({ hardwareTypes }) =>
      hardwareTypes.includes(each.hardwareType),
    );
    const verdictOf = (
      of: Pick<ExceptionalDevice, "hasIdentityConflict" | "hold">,
    ): PreviewVerdict =>
      previewFor(
        { ...each, ...member, ...of, undecided: null },
        { ...brought, artifacts, rules, safeguard: each.safeguard },
      );

    const exceptions = exceptional.get(each.key) ?? [];
    const plain = each.count - exceptions.length;
    const samples = [...new Set([each.firstId, each.lastId])];
    if (plain > 0) {
      const verdict = verdictOf({ hasIdentityConflict: false, hold: null });
      note(seen, verdict, plain, samples, member);
      const { hardwareType } = each;
      if (verdict.kind === "gets")
        seen.receiving.push({ hardwareType, member, artifact: verdict.artifact, count: plain });
    }
    for (const { id, hasIdentityConflict, hold } of exceptions)
      note(seen, verdictOf({ hasIdentityConflict, hold }), 1, [id], member);
    seen.targeted += each.count;
    if (each.state === "accepted" && artifacts.length > 0) seen.eligible += each.count;
  }
}

function note(
  seen: Tallied,
  verdict: PreviewVerdict,
  count: number,
  sampleIds: readonly DeviceId[],
  { traits }: ClassMember,
): void {
  switch (verdict.kind) {
    case "gets": {
      seen.gets += count;
      const { level } = trustLevelOf(traits);
      seen.trust.set(level, (seen.trust.get(level) ?? 0) + count);
      return;
    }
    case "already-running":
      seen.alreadyRunning += count;
      return;
    case "cannot": {
      const key = waitKey(verdict.reason);
      const refused = seen.cannot.get(key) ?? { wait: verdict.reason, count: 0, sampleIds: [] };
      refused.count += count;
      refused.sampleIds.push(...sampleIds.slice(0, SAMPLES_MAX - refused.sampleIds.length));
      seen.cannot.set(key, refused);
    }
  }
}

async function cannotOf(db: TenantDb, { cannot }: Tallied): Promise<DeploymentPreview["cannot"]> {
  const shown = [...cannot.values()]
    .toSorted((left, right) => right.count - left.count)
    .slice(0, REASONS_MAX);
  const samples = await sampleDevices(
    db,
    shown.flatMap(({ sampleIds }) => sampleIds),
  );
  return shown.map(({ wait, count, sampleIds }) => ({
    kind: wait.kind,
    sentence: sentenceOfMany(wait, count),
    count,
    samples: samples.filter(({ id }) => sampleIds.includes(id)),
  }));
}

/** Deployments with devices that this one would decide about from now on, and those that would go on deciding before it. */
async function sharing(
  db: TenantDb,
  release: Release,
  { priority }: Plan,
  scopes: readonly Scope[],
  classes: readonly DeviceClass[],
): Promise<Pick<DeploymentPreview, "takesOverFrom" | "yieldsTo">> {
  const active = await activeDeployments(db, release.product);
  const takesOverFrom: DeploymentPreview["takesOverFrom"] = [];
  const yieldsTo: DeploymentPreview["yieldsTo"] = [];
  for (const deployment of active.toReversed().slice(0, SHARED_MAX)) {
    const isAhead = deployment.plan.priority > priority;
    // One that stands still holds nobody back.
    if (isAhead && deployment.state !== "running") continue;
    const theirs = new Set(hardwareTypesOf(await releaseOrRefusal(db, deployment.releaseId)));
    const hardwareTypes = hardwareTypesOf(release).filter((each) => theirs.has(each));
    const count = await sharedWith(db, deployment, { release, scopes, classes, hardwareTypes });
    if (count === 0) continue;
    const { id: deploymentId, name } = deployment;
    (isAhead ? yieldsTo : takesOverFrom).push({ deploymentId, name, count });
  }
  return { takesOverFrom, yieldsTo };
}

interface Shared {
  readonly release: Release;
  readonly scopes: readonly Scope[];
  readonly classes: readonly DeviceClass[];
  /** That both have an artifact for. */
  readonly hardwareTypes: readonly HardwareType[];
}

async function sharedWith(
  db: TenantDb,
  deployment: DeploymentRecord,
  { release: { product, version }, scopes, classes, hardwareTypes }: Shared,
): Promise<number> {
  const other = { id: deployment.id, scope: scopeOf(deployment) };
  if (isEverybody(other.scope) && scopes.every(isEverybody)) {
    const { counts } = deployment;
    const ended = finishedOf(counts) + counts.alreadyRunning + counts.aborted;
    const shared = classes
      .filter(
        ({ state, hardwareType, artifactName }) =>
          state === "accepted" && artifactName !== version && hardwareTypes.includes(hardwareType),
      )
      .reduce((sum, { count }) => sum + count, 0);
    return Math.max(0, shared - ended);
  }
  let count = 0;
  for (const scope of scopes) {
    await othersTurn();
    count += await countSharedTargets(db, product, { scope, hardwareTypes, version }, other);
  }
  return count;
}
