export { openUploads } from "./open-uploads.ts";
export { openUploadFiles } from "./upload-files.ts";
