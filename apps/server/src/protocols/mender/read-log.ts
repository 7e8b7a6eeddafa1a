import * as z from "zod";
import { readBody } from "./read-body.ts";

const Log = z.object({
  messages: z.array(
    z.object({ timestamp: z.string(), level: z.string(), message: z.string() }).partial(),
  ),
});

/** The log of an update that failed, one line an entry. Throws `malformed-json` or `invalid-request`. */
export function readLog(body: unknown): string {
  return readBody(body, Log)
    .messages.map(({ timestamp = "", level = "", message = "" }) =>
      `${timestamp} ${level} ${message}`.trim(),
    )
    .join("\n");
}
