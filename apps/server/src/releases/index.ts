export { holdRelease } from "./hold-release.ts";
export { createReleaseHandlers } from "./operations.ts";
export { createReferencedBlobs } from "./referenced-blobs.ts";
