import { AppError } from "@moult/base";

/**
 * What goes wrong between a program and the server, apart from the server's own refusals (`ApiProblem`).
 *
 * - `server-unreachable`: no connection, or it broke; the cause says why.
 * - `timed-out`: the server did not answer, or a transfer stood still, for too long.
 * - `redirected`: the address answers with another address; use that one.
 * - `reply-invalid`: the answer is not what this version of the API says; something else listens, or the versions differ.
 * - `request-invalid`: a parameter that cannot be part of an address.
 * - `content-length-wrong`: an upload's content was shorter or longer than announced.
 * - `content-unreadable`: an upload's content cannot be read any more; a file that changed meanwhile is such.
 * - `content-changed`: the content of a download is not that of its beginning.
 * - `download-incomplete`, `upload-incomplete`: the connection broke again and again without a byte in between.
 */
export type ClientErrorCode =
  | "server-unreachable"
  | "timed-out"
  | "redirected"
  | "reply-invalid"
  | "request-invalid"
  | "content-length-wrong"
  | "content-unreadable"
  | "content-changed"
  | "download-incomplete"
  | "upload-incomplete";

export class ClientError extends AppError<ClientErrorCode> {}
