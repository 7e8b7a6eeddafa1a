import type * as z from "zod";
import { ApiError } from "../../platform/api-error.ts";

const ISSUES_MAX = 10;

/** Bodies stay bytes, because signatures cover the bytes that arrived; a request without one has none. */
export const bytesOf = (body: unknown): Buffer => (body instanceof Buffer ? body : Buffer.alloc(0));

/** The JSON of a raw body. Throws `malformed-json` or `invalid-request`. */
export function readBody<Schema extends z.ZodType>(body: unknown, schema: Schema): z.infer<Schema> {
  return readValue(jsonOf(bytesOf(body).toString("utf8"), "The body is not JSON."), schema);
}

export function readValue<Schema extends z.ZodType>(
  value: unknown,
  schema: Schema,
): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, ISSUES_MAX).map(({ path, message }) => ({
    path: path.join("."),
    message,
  }));
  throw new ApiError("invalid-request", "The request is not one of Mender's.", { issues });
}

export function jsonOf(text: string, complaint: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ApiError("malformed-json", complaint, { cause });
  }
}
