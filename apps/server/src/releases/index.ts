export { changeRelease } from "./change-release.ts";
export { findUploaded, noRelease, releaseOrRefusal } from "./find-release.ts";
export { holdRelease } from "./hold-release.ts";
export { createReleaseHandlers } from "./operations.ts";
export { createReferencedBlobs } from "./referenced-blobs.ts";
export {
  uploadArtifact,
  type Adoption,
  type Uploaded,
  type UploadDeps,
} from "./upload-artifact.ts";
export { uploadRefusal, uploadTooLarge } from "./upload-refusal.ts";
