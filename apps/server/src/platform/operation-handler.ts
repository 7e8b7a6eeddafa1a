import type { BodyOf, Operation, ParamsOf, QueryOf, ReplyOf, Role, operations } from "@moult/api";
import type { Log } from "@moult/base";
import type { TenantId, UserId } from "@moult/model";
import type { TenantDb } from "./tenant-db.ts";

/** Who asks: a signed-in person, or an API key that acts for one. Decided once, at the edge. */
export interface Principal {
  readonly kind: "user" | "api-key";
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  readonly keyId?: string;
}

/** What every operation gets. */
export interface RequestContext {
  readonly requestId: string;
  readonly log: Log;
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
}

/** What every operation of a signed-in caller gets. */
export interface OperationContext extends RequestContext {
  /** Scoped to the caller's tenant; there is no other way to the tables. */
  readonly db: TenantDb;
  readonly principal: Principal;
}

/** What operations about sessions see and set of HTTP; no other operation does. */
export interface SessionExchange {
  readonly clientAddress: string;
  readonly cookies: string | undefined;
  /** Values of `Set-Cookie` headers. */
  readonly setCookies: (values: readonly string[]) => void;
}

/** `self` operations are about the caller's own session and keys, `public` ones come before a session. */
type ContextOf<Op extends Operation> = Op["permission"] extends "public"
  ? RequestContext & { readonly exchange: SessionExchange }
  : Op["permission"] extends "self"
    ? OperationContext & { readonly exchange: SessionExchange }
    : OperationContext;

/** Raw bytes to answer with; the platform does `Range`, lengths and headers. */
export interface StreamReply {
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Strong entity tag, when the content has a digest. */
  readonly etag?: string;
  readonly fileName?: string;
  /** `start` inclusive, `end` exclusive. */
  open(range: { readonly start: number; readonly end: number }): Promise<AsyncIterable<Uint8Array>>;
}

/** The body of a `stream` operation. `announcedBytes` is its Content-Length, if it has one. */
export interface StreamBody {
  readonly content: AsyncIterable<Uint8Array>;
  readonly announcedBytes: number | undefined;
}

interface OperationInput<Op extends Operation> {
  readonly params: ParamsOf<Op>;
  readonly query: QueryOf<Op>;
  readonly body: Op["body"] extends "stream" ? StreamBody : BodyOf<Op>;
}

type OperationResult<Op extends Operation> = Op["replyKind"] extends "stream"
  ? StreamReply
  : Op["replyKind"] extends "events"
    ? AsyncIterable<ReplyOf<Op>>
    : Op["replyKind"] extends "none"
      ? void
      : ReplyOf<Op>;

/** Carries out one operation. Refusals are thrown as `ApiError`; anything else thrown is a bug and answers 500. */
type OperationHandler<Op extends Operation> = (
  context: ContextOf<Op>,
  input: OperationInput<Op>,
) => Promise<OperationResult<Op>>;

/** A capability's handlers: each of its operations has one, or it does not compile. */
export type Handlers<Ids extends keyof typeof operations> = {
  readonly [Id in Ids]: OperationHandler<(typeof operations)[Id]>;
};
