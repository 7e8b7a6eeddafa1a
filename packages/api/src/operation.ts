import * as z from "zod";
import type { ErrorCode } from "./error-code.ts";
import type { Permission } from "./permission.ts";

/** What travels in the body of the answer. `stream`: raw bytes; `events`: server-sent events of `reply`. */
export type ReplyKind = "json" | "none" | "stream" | "events";

/**
 * One operation of the operator API, defined once: routes, validation, permissions, the typed client and openapi.json all
 * come from it.
 */
export interface Operation {
  /** camelCase verb and noun: OpenAPI's operationId. */
  readonly id: string;
  readonly summary: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below `/api/v1`, parameters as `{name}`. */
  readonly path: string;
  /** What the caller must be allowed; `public` needs no sign-in. */
  readonly permission: Permission | "public";
  readonly params?: z.ZodObject;
  /** Query parameters arrive as text: use coercion. */
  readonly query?: z.ZodObject;
  /** JSON body; `stream` means raw bytes. */
  readonly body?: z.ZodType | "stream";
  readonly replyKind: ReplyKind;
  /** Schema of the JSON answer, or of one event's data. */
  readonly reply?: z.ZodType;
  /** Beyond those that any operation can answer (invalid-request, unauthenticated, forbidden, internal). */
  readonly errors: readonly ErrorCode[];
}

/** Keeps an operation's exact types. */
export const operation = <const Op extends Operation>(definition: Op): Op => definition;

type InferOr<Schema, Fallback> = Schema extends z.ZodType ? z.infer<Schema> : Fallback;
type InputOr<Schema, Fallback> = Schema extends z.ZodType ? z.input<Schema> : Fallback;

export type ParamsOf<Op extends Operation> = InferOr<Op["params"], undefined>;
export type QueryOf<Op extends Operation> = InferOr<Op["query"], undefined>;
export type BodyOf<Op extends Operation> = InferOr<Op["body"], undefined>;
export type ReplyOf<Op extends Operation> = InferOr<Op["reply"], undefined>;

/** What a caller passes: before defaults and coercion. */
export type ParamsInputOf<Op extends Operation> = InputOr<Op["params"], undefined>;
export type QueryInputOf<Op extends Operation> = InputOr<Op["query"], undefined>;
export type BodyInputOf<Op extends Operation> = InputOr<Op["body"], undefined>;

/** A page of a list: pass `nextCursor` as `cursor` for the next one. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });

export const PageQuery = z.object({
  cursor: z.string().max(512).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});
