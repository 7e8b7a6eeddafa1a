import { createReadStream } from "node:fs";

const READ_BYTES = 1024 * 1024;

/** A file's bytes, from its start at every call. */
export const fileBytes = (path: string, signal: AbortSignal): AsyncIterable<Uint8Array> =>
  createReadStream(path, { highWaterMark: READ_BYTES, signal });
