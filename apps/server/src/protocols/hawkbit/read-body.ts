import type { FastifyRequest } from "fastify";
import type * as z from "zod";
import { ApiError } from "../../platform/api-error.ts";
import { notThere } from "./hawkbit-error.ts";

/** The JSON of a body; `id`, `time` and whatever else old clients send is left out. */
export function readBody<Schema extends z.ZodType>(
  { body }: FastifyRequest,
  schema: Schema,
): z.infer<Schema> {
  const parsed = schema.safeParse(jsonOf(body));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ApiError(
    "invalid-request",
    `${issue?.path.join(".") ?? "body"}: ${issue?.message ?? "invalid"}`,
  );
}

function jsonOf(body: unknown): unknown {
  try {
    return JSON.parse(body instanceof Buffer ? body.toString("utf8") : "");
  } catch (cause) {
    throw new ApiError("malformed-json", "The body is not JSON.", { cause });
  }
}

/** Numbers are those that a client can have been given. */
export function readNumber(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text) || Number(text) >= 2 ** 31) throw notThere();
  return Number(text);
}
