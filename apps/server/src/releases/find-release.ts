import type { Artifact, ArtifactId, Release, ReleaseId } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { releaseById } from "./queries.ts";

/** The release with its artifacts; throws `not-found`. */
export async function releaseOrRefusal(db: TenantDb, releaseId: ReleaseId): Promise<Release> {
  const release = await releaseById(db, releaseId);
  if (release === undefined) throw noRelease();
  return release;
}

/** What an upload became, as it is now; nulls when it was deleted since. */
export async function findUploaded(
  db: TenantDb,
  { releaseId, artifactId }: { readonly releaseId: ReleaseId; readonly artifactId: ArtifactId },
): Promise<{ readonly release: Release | null; readonly artifact: Artifact | null }> {
  const release = (await releaseById(db, releaseId)) ?? null;
  const artifact = release?.artifacts.find(({ id }) => id === artifactId) ?? null;
  return { release, artifact };
}

export const noRelease = (): ApiError =>
  new ApiError("not-found", "There is no release with this id.");
export const noArtifact = (): ApiError =>
  new ApiError("not-found", "There is no artifact with this id.");
