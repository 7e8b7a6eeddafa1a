import type { Handlers } from "../platform/operation-handler.ts";
import { decodeCursor } from "../platform/page-cursor.ts";
import { artifactContent } from "./artifact-content.ts";
import { changeRelease } from "./change-release.ts";
import { countFitting, outcomesOf } from "./count-queries.ts";
import { deleteArtifact, deleteRelease } from "./delete-release.ts";
import { noArtifact, releaseOrRefusal } from "./find-release.ts";
import { artifactById, countRunning, releasePage } from "./queries.ts";
import { uploadArtifact, type UploadDeps } from "./upload-artifact.ts";

export type ReleaseHandlers = Handlers<
  | "uploadArtifact"
  | "listReleases"
  | "showRelease"
  | "changeRelease"
  | "deleteRelease"
  | "downloadArtifact"
  | "deleteArtifact"
>;

export function createReleaseHandlers(deps: UploadDeps): ReleaseHandlers {
  const { blobs } = deps;
  return {
    uploadArtifact: ({ db }, { params: { product }, query: { channel }, body }) =>
      uploadArtifact(db, { product, channel }, body, deps),

    listReleases: ({ db }, { query: { cursor, limit, ...filter } }) =>
      releasePage(db, filter, decodeCursor(cursor), limit),

    showRelease: async ({ db }, { params: { releaseId } }) => {
      const release = await releaseOrRefusal(db, releaseId);
      const { product, version, artifacts } = release;
      const runningCount = await countRunning(db, product, version);
      const hardwareTypes = new Set(artifacts.flatMap((artifact) => artifact.hardwareTypes));
      return {
        ...release,
        deviceCount: runningCount,
        runningCount,
        fitsCount: await countFitting(db, product, [...hardwareTypes]),
        outcomes: await outcomesOf(db, product, releaseId),
      };
    },

    changeRelease: async ({ db, principal }, { params: { releaseId }, body }) => {
      await changeRelease(db, releaseId, body, principal.name, deps);
      return releaseOrRefusal(db, releaseId);
    },

    deleteRelease: ({ db }, { params: { releaseId } }) => deleteRelease(db, releaseId, deps),

    downloadArtifact: async ({ db }, { params: { artifactId } }) => {
      const found = await artifactById(db, artifactId);
      if (found === undefined) throw noArtifact();
      return artifactContent(found.artifact, await releaseOrRefusal(db, found.releaseId), blobs);
    },

    deleteArtifact: ({ db }, { params: { artifactId } }) => deleteArtifact(db, artifactId, deps),
  };
}
