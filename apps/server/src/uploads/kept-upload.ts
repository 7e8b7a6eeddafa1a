import { DAY_MS } from "@moult/base";
import { ApiError } from "../platform/api-error.ts";

/** How long an upload is kept that does not go on, and what became of one that ended. */
export const KEPT_MS = DAY_MS;

export const noUpload = (): ApiError =>
  new ApiError("not-found", "You have no upload with this id.");

/** As `ApiError` takes it. */
export const OFFSET_DIFFERS = [
  "upload-offset-differs",
  "Ask with HEAD which byte is the next, and go on there.",
] as const;
