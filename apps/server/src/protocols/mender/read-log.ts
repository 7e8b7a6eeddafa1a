import * as z from "zod";
import { readBody } from "./read-body.ts";

/** The client for microcontrollers writes null for what a line of its log does not say. */
const Text = z
  .string()
  .nullish()
  .transform((text) => text ?? "");

const Log = z.object({
  messages: z.array(z.object({ timestamp: Text, level: Text, message: Text })),
});

/** The log of an update that failed, one line an entry. Throws `malformed-json` or `invalid-request`. */
export function readLog(body: unknown): string {
  return readBody(body, Log)
    .messages.map(({ timestamp, level, message }) => `${timestamp} ${level} ${message}`.trim())
    .join("\n");
}
