export { ApiProblem, type ProblemCode } from "./api-problem.ts";
export { ClientError, type ClientErrorCode } from "./client-error.ts";
export { createCookieJar, type CookieJar } from "./cookie-jar.ts";
export { createClient, type Client, type ClientOptions } from "./create-client.ts";
export type { Credentials } from "./credentials.ts";
export type { Download, DownloadOptions } from "./download.ts";
export type { EventsOptions } from "./events.ts";
export type {
  CallId,
  CallOptions,
  DownloadId,
  EventsId,
  Input,
  ItemOf,
  PagedId,
  Reply,
  UploadId,
} from "./operation-input.ts";
export type { ResumableOptions, ResumablePlace, ResumableProgress } from "./resumable-upload.ts";
export { browserUploadMemory, type UploadMemory } from "./upload-memory.ts";
export type { Progress, UploadContent, UploadOptions } from "./upload.ts";
