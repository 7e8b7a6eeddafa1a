export { holdRelease } from "./hold-release.ts";
export { createReleaseHandlers } from "./operations.ts";
export { createReferencedBlobs, type ReferencedBlobs } from "./referenced-blobs.ts";
export type { UploadDeps } from "./upload-artifact.ts";
