import { compareVersions } from "@moult/base";
import type { DeploymentId, ReleaseVersion, WaitReason } from "@moult/model";
import type { KnownRelease, VersionRules } from "./facts.ts";

/** A release that asks nothing of who takes it. */
export const NO_RULES: VersionRules = { minimumFrom: null, mustPassThrough: [], known: [] };

/**
 * The order of two versions of a product, as a number that is below 0 when `left` comes first: by what the versions say
 * where both say it, else by when their releases were created. Undefined where neither tells. It is asked of two at a
 * time and is no order of all of them: names and numbers may go round in a circle.
 */
export function versionOrder(
  left: string,
  right: string,
  known: readonly KnownRelease[],
): number | undefined {
  if (left === right) return 0;
  const byVersion = compareVersions(left, right);
  if (byVersion !== undefined) return byVersion;
  const createdAt = (of: string) => known.find(({ version }) => version === of)?.createdAt;
  const [one, other] = [createdAt(left), createdAt(right)];
  return one === undefined || other === undefined ? undefined : one - other;
}

/** The releases before this one that must be passed through. */
export const stepsBefore = ({
  version,
  rules: { mustPassThrough, known },
}: {
  readonly version: ReleaseVersion;
  readonly rules: Pick<VersionRules, "mustPassThrough" | "known">;
}): readonly ReleaseVersion[] =>
  mustPassThrough.filter(
    (step) => step !== version && (versionOrder(step, version, known) ?? 0) < 0,
  );

/**
 * Why a device that runs `runs` may not take `version` yet: it runs less than the release asks for, or between the two lies a
 * release that must be run first; of several the lowest, which is the next to take. What a device has run once and gave up
 * again does not count, as what that release changed may have gone with it. Who says nothing of what it runs, or runs what
 * has no place in the order, may not.
 */
export function brokenRule(
  deploymentId: DeploymentId,
  version: ReleaseVersion,
  { minimumFrom, mustPassThrough, known }: VersionRules,
  runs: string | null,
): WaitReason | undefined {
  const isBelow = (wanted: string): boolean =>
    runs === null || (versionOrder(runs, wanted, known) ?? -1) < 0;
  const ahead = stepsBefore({ version, rules: { mustPassThrough, known } })
    .filter(isBelow)
    .toSorted((left, right) => versionOrder(left, right, known) ?? 0);
  const [next] = ahead;
  if (next !== undefined) return { kind: "must-pass-through", deploymentId, version: next, runs };
  if (minimumFrom !== null && isBelow(minimumFrom))
    return { kind: "minimum-version", deploymentId, minimumFrom, runs };
  return undefined;
}
