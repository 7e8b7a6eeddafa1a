import type { Clock } from "@moult/base";
import type { Artifact, ArtifactId, Release, ReleaseId } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import { appendEvent } from "../platform/events.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { noArtifact, noRelease, releaseOrRefusal } from "./find-release.ts";
import {
  artifactById,
  countOpenAssignments,
  deleteArtifactRow,
  deleteReleaseRows,
  lockRelease,
  unfinishedDeploymentsOf,
} from "./queries.ts";
import type { ReferencedBlobs } from "./referenced-blobs.ts";

export interface DeleteDeps {
  readonly clock: Clock;
  readonly blobs: ReferencedBlobs;
}

/** An error names this many of what it is about. */
const NAMED_MAX = 5;

/** Deletes a release that nothing uses, then the content that nothing else has. Throws `not-found` and `in-use`. */
export async function deleteRelease(
  db: TenantDb,
  releaseId: ReleaseId,
  { clock, blobs }: DeleteDeps,
): Promise<void> {
  const artifacts = await db.transaction(async (inner) => {
    const release = await unusedRelease(inner, releaseId, () => true);
    await deleteReleaseRows(inner, releaseId);
    await appendEvent(inner, {
      at: clock.now(),
      body: { kind: "release-deleted", releaseId, version: release.version },
    });
    await raisePlanningEpoch(inner);
    return release.artifacts;
  });
  await blobs.release(artifacts.map(({ sha256 }) => sha256));
}

/** Deletes one artifact; its release stays, even when it was the last one. Throws `not-found` and `in-use`. */
export async function deleteArtifact(
  db: TenantDb,
  artifactId: ArtifactId,
  { clock, blobs }: DeleteDeps,
): Promise<void> {
  const sha256 = await db.transaction(async (inner) => {
    const found = await artifactById(inner, artifactId);
    if (found === undefined) throw noArtifact();
    const { releaseId } = found;
    const { version } = await unusedRelease(inner, releaseId, ({ id }) => id === artifactId);
    await deleteArtifactRow(inner, artifactId);
    await appendEvent(inner, {
      at: clock.now(),
      body: { kind: "release-changed", releaseId, version },
    });
    await raisePlanningEpoch(inner);
    return found.artifact.sha256;
  });
  await blobs.release([sha256]);
}

/** The release, held until the transaction ends; throws `in-use` while an update needs it, or one of its artifacts that go. */
async function unusedRelease(
  db: TenantDb,
  releaseId: ReleaseId,
  isGoing: (artifact: Artifact) => boolean,
): Promise<Release> {
  const held = await lockRelease(db, releaseId);
  if (held === undefined) throw noRelease();
  const deployments = await unfinishedDeploymentsOf(db, held.product, releaseId);
  if (deployments.length > 0) throw new ApiError("in-use", usedBy(deployments));

  const release = await releaseOrRefusal(db, releaseId);
  const going = release.artifacts.filter(isGoing);
  const updating = await countOpenAssignments(
    db,
    going.map(({ id }) => id),
  );
  if (updating > 0)
    throw new ApiError(
      "in-use",
      `Devices are still in an update with it (${updating}); wait until they have finished.`,
    );
  return release;
}

function usedBy(deployments: readonly string[]): string {
  const more = deployments.length > NAMED_MAX ? ` and ${deployments.length - NAMED_MAX} more` : "";
  return `Unfinished deployments bring this release to devices, or take them back to it: ${deployments.slice(0, NAMED_MAX).join(", ")}${more}. Wait for their end, or abort them.`;
}
