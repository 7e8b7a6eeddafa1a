import type { Artifact, Release } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import type { StreamReply } from "../platform/operation-handler.ts";
import type { ReferencedBlobs } from "./referenced-blobs.ts";

/** An artifact's bytes, to answer with; throws when the disk has lost them. */
export async function artifactContent(
  { sha256, sizeBytes, hardwareTypes }: Artifact,
  { product, version }: Release,
  blobs: ReferencedBlobs,
): Promise<StreamReply> {
  if ((await blobs.sizeBytes(sha256)) === undefined) throw contentMissing();
  return {
    contentType: "application/vnd.mender-artifact",
    sizeBytes,
    etag: sha256,
    fileName: `${product}-${version}-${hardwareTypes[0] ?? "any"}.mender`,
    open: async (range) => {
      const content = await blobs.read(sha256, range);
      if (content === undefined) throw contentMissing();
      return content;
    },
  };
}

const contentMissing = (): ApiError =>
  new ApiError(
    "unavailable",
    "The artifact's content is missing from the server's disk. Upload the same file again, or restore the folder of blobs from a backup.",
  );
