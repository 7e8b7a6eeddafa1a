import type { BodyOf, operations } from "@moult/api";
import { compareVersions, type Clock } from "@moult/base";
import type { Release, ReleaseId, ReleaseVersion } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import { appendEvent } from "../platform/events.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { noRelease, releaseOrRefusal } from "./find-release.ts";
import { lockRelease, setNotes } from "./queries.ts";
import { countSteppingStones, releaseCreatedAt, setRules } from "./rules-queries.ts";

type Change = BodyOf<typeof operations.changeRelease>;

/** Each of them is looked at whenever a device of the product is decided. */
const STEPPING_STONES_MAX = 50;

/** Changes what people wrote of a release. Throws `ApiError` `not-found` and `release-rule-invalid`; then nothing changed. */
export async function changeRelease(
  db: TenantDb,
  releaseId: ReleaseId,
  { notes, ...rules }: Change,
  by: string,
  { clock }: { readonly clock: Clock },
): Promise<void> {
  const at = clock.now();
  await db.transaction(async (inner) => {
    if ((await lockRelease(inner, releaseId)) === undefined) throw noRelease();
    const release = await releaseOrRefusal(inner, releaseId);
    const { version } = release;
    if (notes !== undefined) {
      await setNotes(inner, releaseId, notes);
      await appendEvent(inner, { at, body: { kind: "release-changed", releaseId, version } });
    }
    const { minimumFrom = release.minimumFrom, mustPassThrough = release.mustPassThrough } = rules;
    if (minimumFrom === release.minimumFrom && mustPassThrough === release.mustPassThrough) return;

    if (minimumFrom !== null) await refuseMinimum(inner, release, minimumFrom);
    if (mustPassThrough && !release.mustPassThrough) await refuseTooMany(inner, release);
    await setRules(inner, releaseId, { minimumFrom, mustPassThrough });
    await appendEvent(inner, {
      at,
      body: {
        kind: "release-rules-changed",
        releaseId,
        version,
        minimumFrom,
        mustPassThrough,
        by,
      },
    });
    await raisePlanningEpoch(inner);
  });
}

/** A minimum that no device could ever be told to have reached. */
async function refuseMinimum(
  db: TenantDb,
  { product, version, createdAt }: Release,
  minimumFrom: ReleaseVersion,
): Promise<void> {
  const minimumCreatedAt = await releaseCreatedAt(db, product, minimumFrom);
  const isVersion = compareVersions(minimumFrom, minimumFrom) !== undefined;
  if (!isVersion && minimumCreatedAt === undefined)
    throw invalid(
      `${minimumFrom} has no place among the versions of ${product}: it is no number with dots, and no release of this name is here.`,
    );
  const order =
    compareVersions(minimumFrom, version) ??
    (minimumCreatedAt === undefined ? -1 : minimumCreatedAt - Date.parse(createdAt));
  if (minimumFrom === version || order >= 0)
    throw invalid(
      `${minimumFrom} does not come before ${version}: nobody would be updated to ${version}.`,
    );
}

async function refuseTooMany(db: TenantDb, { product }: Release): Promise<void> {
  if ((await countSteppingStones(db, product)) < STEPPING_STONES_MAX) return;
  throw invalid(
    `${product} has ${STEPPING_STONES_MAX} releases already that must be passed through; take the rule from one that no device is before any more.`,
  );
}

const invalid = (sentence: string): ApiError => new ApiError("release-rule-invalid", sentence);
