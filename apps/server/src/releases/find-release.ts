import type { Release, ReleaseId } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { releaseById } from "./queries.ts";

/** The release with its artifacts; throws `not-found`. */
export async function releaseOrRefusal(db: TenantDb, releaseId: ReleaseId): Promise<Release> {
  const release = await releaseById(db, releaseId);
  if (release === undefined) throw noRelease();
  return release;
}

export const noRelease = (): ApiError =>
  new ApiError("not-found", "There is no release with this id.");
export const noArtifact = (): ApiError =>
  new ApiError("not-found", "There is no artifact with this id.");
