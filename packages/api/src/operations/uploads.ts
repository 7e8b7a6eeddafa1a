import {
  Artifact,
  ChannelName,
  Instant,
  ProductName,
  Release,
  UploadId,
  UploadState,
} from "@moult/model";
import * as z from "zod";
import { operation } from "../operation.ts";
import { Problem } from "../problem.ts";

/**
 * An upload in parts. The parts travel by tus 1.0 (https://tus.io/protocols/resumable-upload) at `/uploads`: `POST` begins one
 * (metadata `product`, `channel`, `filename`), `HEAD`, `PATCH` and `DELETE` at `/uploads/{uploadId}` ask how far it is,
 * continue it and end it. This is what becomes of it. It belongs to who began it, and to nobody else.
 */
export const Upload = z.object({
  id: UploadId,
  state: UploadState,
  product: ProductName,
  channel: ChannelName,
  fileName: z.string(),
  sizeBytes: z.int().min(1),
  /** On the server's disk, whatever happens to it. */
  receivedBytes: z.int().min(0),
  /** While it is verified: how much was read; 0 while it waits for its turn. */
  verifiedBytes: z.int().min(0),
  createdAt: Instant,
  /** When an upload that does not go on, and the result of one that ended, is forgotten. */
  expiresAt: Instant,
  /** Once it is finished, as it is now; null when it was deleted since. */
  release: Release.nullable(),
  artifact: Artifact.nullable(),
  /** False when the identical artifact was there already; null until it is finished. */
  created: z.boolean().nullable(),
  /** Why it was refused, or what holds up its verification; `requestId` is the upload's id. */
  problem: Problem.nullable(),
});
export type Upload = z.infer<typeof Upload>;

export const uploadOperations = {
  listUploads: operation({
    id: "listUploads",
    summary:
      "Your uploads that are not finished, and those that ended in the last day, newest first",
    method: "GET",
    path: "/uploads",
    permission: "releases:write",
    replyKind: "json",
    reply: z.object({ items: z.array(Upload) }),
    errors: [],
  }),
  showUpload: operation({
    id: "showUpload",
    summary: "What became of one of your uploads",
    method: "GET",
    path: "/uploads/{uploadId}/result",
    permission: "releases:write",
    params: z.object({ uploadId: UploadId }),
    replyKind: "json",
    reply: Upload,
    errors: ["not-found"],
  }),
} as const;
