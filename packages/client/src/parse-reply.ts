import type { Operation } from "@moult/api";
import { ClientError } from "./client-error.ts";
import { jsonOf } from "./transport.ts";

/** The answer as its schema says, or `reply-invalid`: nothing downstream checks it again. */
export function parseReply(operation: Operation, text: string): unknown {
  const parsed = operation.reply?.safeParse(jsonOf(text));
  if (parsed?.success === true) return parsed.data;
  throw new ClientError("reply-invalid", {
    operation: operation.id,
    issues: (parsed?.error.issues ?? [])
      .slice(0, 3)
      .map(({ path, message }) => `${path.join(".")}: ${message}`),
  });
}
