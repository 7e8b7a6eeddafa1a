import * as z from "zod";
import { bytesOf, jsonOf, readValue } from "./read-body.ts";

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
  const json = jsonOf(whole(bytesOf(body).toString("utf8")), "The body is not JSON.");
  return readValue(json, Log)
    .messages.map(({ timestamp, level, message }) => `${timestamp} ${level} ${message}`.trim())
    .join("\n");
}

const BETWEEN_ENTRIES = "},{";

/**
 * Clients in C++ that log at their debug level write into the log while they send it, and it ends where it was to end before. What is
 * whole of it is kept: told that it is wrong, they try it again for many minutes before they ask for anything else.
 */
function whole(text: string): string {
  const isCut = text.startsWith('{"messages":[{') && !text.trimEnd().endsWith("]}");
  const end = text.lastIndexOf(BETWEEN_ENTRIES);
  return isCut && end > 0 ? `${text.slice(0, end)}}]}` : text;
}
