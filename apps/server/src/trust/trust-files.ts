import { utf8 } from "@moult/base";
import { ApiError } from "../platform/api-error.ts";
import type { StreamReply } from "../platform/operation-handler.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { publishedContent } from "./queries.ts";

/** A published metadata file by the name that TUF clients ask for; throws `not-found`, as they expect of what is not there. */
export async function publishedTrustFile(db: TenantDb, file: string): Promise<StreamReply> {
  const found = await publishedContent(db, file);
  if (found === undefined) throw new ApiError("not-found", "There is no such metadata file.");
  const bytes = utf8(found.content);
  return {
    contentType: "application/json",
    sizeBytes: bytes.length,
    etag: found.sha256,
    open: async function open({ start, end }) {
      return once(bytes.subarray(start, end));
    },
  };
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
