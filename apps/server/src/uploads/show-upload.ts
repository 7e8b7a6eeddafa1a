import type { Upload } from "@moult/api";
import { isoFrom } from "../platform/columns.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { findUploaded } from "../releases/index.ts";
import type { StoredUpload } from "./queries.ts";

/** `verifiedBytes`: how far its verification is, in this process. */
export async function showUpload(
  db: TenantDb,
  row: StoredUpload,
  verifiedBytes: number,
): Promise<Upload> {
  const { release_id: releaseId, artifact_id: artifactId } = row;
  const became =
    releaseId === null || artifactId === null
      ? { release: null, artifact: null }
      : await findUploaded(db, { releaseId, artifactId });
  return {
    id: row.id,
    state: row.state,
    product: row.product,
    channel: row.channel,
    fileName: row.file_name,
    sizeBytes: row.size_bytes,
    receivedBytes: row.received_bytes,
    verifiedBytes: row.state === "finished" ? row.size_bytes : verifiedBytes,
    createdAt: isoFrom(row.created_at),
    expiresAt: isoFrom(row.expires_at),
    ...became,
    created: row.created === null ? null : row.created === 1,
    problem: row.problem,
  };
}
