import type { InstantMs } from "@moult/base";
import type { DeploymentId, HardwareType, Plan, Release, ReleaseId } from "@moult/model";
import { rollbackObstacle, type ArtifactFacts, type RollbackGap } from "@moult/planner";
import { ApiError } from "../platform/api-error.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { releaseOrRefusal } from "../releases/index.ts";
import { artifactsFor } from "./artifact-facts-queries.ts";
import type { ClassMember } from "./class-queries.ts";
import { rulesOf } from "./rules-queries.ts";
import { releasesOfVersions, type BackRelease } from "./rollback-queries.ts";

/** Devices that are alike and would get an artifact. */
export interface Receiving {
  readonly hardwareType: HardwareType;
  readonly member: ClassMember;
  readonly artifact: ArtifactFacts;
  readonly count: number;
}

/** Whether a plan promises to take back what it brought. */
export const rollsBack = ({ onTrip }: Pick<Plan, "onTrip">): boolean =>
  onTrip === "roll-back" || typeof onTrip === "object";

/**
 * The devices that could not be taken back to where the plan says, if they were updated as they are now. Throws `ApiError`
 * `not-found` where the named release is none of the product's.
 */
export async function rollbackGaps(
  db: TenantDb,
  release: Pick<Release, "product" | "channel" | "version">,
  plan: Plan,
  receiving: readonly Receiving[],
  { deploymentId, now }: { readonly deploymentId: DeploymentId; readonly now: InstantMs },
): Promise<RollbackGap[]> {
  if (!rollsBack(plan)) return [];
  const backOf = await backReleases(db, release, plan, receiving);
  const backs = new Set(receiving.flatMap(({ member }) => backOf(member)?.id ?? []));
  const artifacts = await artifactsFor(db, [...backs], undefined, now);
  const rules = await rulesOf(db, release.product, [...backs], [release.version]);
  const gaps = new Map<string, RollbackGap & { count: number }>();
  for (const { hardwareType, member, artifact, count } of receiving) {
    const back = backOf(member);
    const obstacle = rollbackObstacle(
      { hardwareType, ...member },
      { version: release.version, artifact },
      back === undefined
        ? null
        : {
            version: back.version,
            artifacts: fitting(artifacts.get(back.id) ?? [], hardwareType),
            rules: rules(back.id),
            safeguard: null,
          },
      { deploymentId, now },
    );
    if (obstacle === null) continue;
    const from = member.running?.artifactName ?? null;
    const key = JSON.stringify([from, obstacle]);
    const gap = gaps.get(key) ?? { from, to: back?.version ?? null, obstacle, count: 0 };
    gap.count += count;
    gaps.set(key, gap);
  }
  return [...gaps.values()].toSorted((left, right) => right.count - left.count);
}

const fitting = (
  artifacts: readonly ArtifactFacts[],
  hardwareType: HardwareType,
): readonly ArtifactFacts[] =>
  artifacts.filter(({ hardwareTypes }) => hardwareTypes.includes(hardwareType));

type BackOf = (member: ClassMember) => BackRelease | undefined;

async function backReleases(
  db: TenantDb,
  { product, channel }: Pick<Release, "product" | "channel">,
  { onTrip }: Plan,
  receiving: readonly Receiving[],
): Promise<BackOf> {
  if (typeof onTrip === "object") {
    const named = await namedRelease(db, product, onTrip.rollBackTo);
    return () => named;
  }
  const versions = new Set(receiving.flatMap(({ member }) => member.running?.artifactName ?? []));
  const found = await releasesOfVersions(db, product, channel, [...versions]);
  return ({ running }) => (running === null ? undefined : found.get(running.artifactName));
}

/** Throws `ApiError` `not-found`. */
async function namedRelease(
  db: TenantDb,
  product: Release["product"],
  releaseId: ReleaseId,
): Promise<BackRelease> {
  const named = await releaseOrRefusal(db, releaseId);
  if (named.product !== product)
    throw new ApiError(
      "not-found",
      `The product ${product} has no release with the id ${releaseId}.`,
    );
  return named;
}
