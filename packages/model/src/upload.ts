import * as z from "zod";

/**
 * `uploading`: bytes are missing. `verifying`: all are there, and are read once more as an artifact. `finished`: the
 * artifact is a release's. `refused`: it is none that this product takes.
 */
export const UploadState = z.enum(["uploading", "verifying", "finished", "refused"]);
export type UploadState = z.infer<typeof UploadState>;
