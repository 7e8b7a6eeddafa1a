import type { ErrorCode } from "@moult/api";
import { ERRORS } from "@tus/server";
import { ApiError } from "../platform/api-error.ts";
import { OFFSET_DIFFERS } from "./kept-upload.ts";

/** What tus throws is a status with a sentence. */
interface TusRefusal {
  readonly status_code: number;
  readonly body: string;
}

const REFUSALS = new Map<string, readonly [ErrorCode, detail: string]>([
  [ERRORS.FILE_NOT_FOUND.body, ["not-found", "You have no upload with this id."]],
  [ERRORS.FILE_NO_LONGER_EXISTS.body, ["not-found", "The upload is gone; begin again."]],
  [ERRORS.INVALID_OFFSET.body, OFFSET_DIFFERS],
  [
    ERRORS.INVALID_CONTENT_TYPE.body,
    ["unsupported-media-type", "Send `Content-Type: application/offset+octet-stream`."],
  ],
  [
    ERRORS.ERR_SIZE_EXCEEDED.body,
    ["body-too-large", "The upload would get more bytes than were announced."],
  ],
  [
    ERRORS.ERR_MAX_SIZE_EXCEEDED.body,
    ["body-too-large", "The upload would get more bytes than were announced."],
  ],
  [
    ERRORS.ABORTED.body,
    ["upload-incomplete", "The connection broke, or another request went on with this upload."],
  ],
]);

/** The problem that the caller shall read; what is not the caller's doing comes back as it is. */
export function tusProblem(error: unknown): unknown {
  if (error instanceof ApiError || !isRefusal(error)) return error;
  const known = REFUSALS.get(error.body);
  if (known !== undefined) return new ApiError(known[0], known[1], { cause: error });
  return error.status_code < 500 || error.status_code === 501
    ? new ApiError("invalid-request", error.body.trim(), { cause: error })
    : error;
}

const isRefusal = (error: unknown): error is TusRefusal =>
  typeof error === "object" && error !== null && "status_code" in error && "body" in error;
