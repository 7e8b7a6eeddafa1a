import type { Blobs } from "@moult/base";
import type { StandingOffer } from "../deployments/index.ts";
import { ApiError } from "../platform/api-error.ts";
import type { StreamReply } from "../platform/operation-handler.ts";

/** A file of an offer without the artifact around it; undefined when the offer has none of this name. */
export function bareFile(
  { payloads, sha256 }: Pick<StandingOffer, "payloads" | "sha256">,
  name: string,
  { blobs }: { readonly blobs: Pick<Blobs, "read"> },
): (StreamReply & { readonly sha1: string; readonly md5: string }) | undefined {
  const file = payloads.flatMap(({ files }) => files).find((each) => each.name === name);
  if (file?.bare === undefined) return undefined;
  const { storedAt, sha1, md5 } = file.bare;
  return {
    contentType: "application/octet-stream",
    sizeBytes: file.sizeBytes,
    etag: sha1,
    fileName: name,
    sha1,
    md5,
    open: async ({ start, end }) => {
      const range = { start: storedAt + start, end: storedAt + end };
      const bytes = await blobs.read(sha256, range);
      if (bytes === undefined)
        throw new ApiError("unavailable", "The content cannot be read at the moment; try again.");
      return bytes;
    },
  };
}
