import type {
  BodyInputOf,
  Operation,
  OperationId,
  ParamsInputOf,
  QueryInputOf,
  ReplyOf,
  operations,
} from "@moult/api";

type Operations = typeof operations;
type OperationById<Id extends OperationId> = Operations[Id];

/** The ids of the operations whose definition has these fields. */
type IdsWhere<Fields> = {
  [Id in OperationId]: Operations[Id] extends Fields ? Id : never;
}[OperationId];

/** Raw bytes go in. */
export type UploadId = IdsWhere<{ readonly body: "stream" }>;
/** Raw bytes come out. */
export type DownloadId = IdsWhere<{ readonly replyKind: "stream" }>;
export type EventsId = IdsWhere<{ readonly replyKind: "events" }>;
/** JSON, or nothing, in both directions. */
export type CallId = Exclude<OperationId, UploadId | DownloadId | EventsId>;
/** Lists that come in pages. */
export type PagedId = {
  [Id in CallId]: Reply<Id> extends { readonly nextCursor: string | null } ? Id : never;
}[CallId];

export type Reply<Id extends OperationId> = ReplyOf<OperationById<Id>>;
export type ItemOf<Id extends PagedId> =
  Reply<Id> extends { readonly items: readonly (infer Item)[] } ? Item : never;

type Part<Name extends string, Value> = [Value] extends [undefined]
  ? unknown
  : Record<never, never> extends Value
    ? { readonly [Key in Name]?: Value }
    : { readonly [Key in Name]: Value };

type InputOf<Op extends Operation> = Part<"params", ParamsInputOf<Op>> &
  Part<"query", QueryInputOf<Op>> &
  (Op["body"] extends "stream" ? unknown : Part<"body", BodyInputOf<Op>>);

/** What an operation takes: `params`, `query`, `body`, each only where it has one. */
export type Input<Id extends OperationId> = InputOf<OperationById<Id>>;

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Until the answer was read; 30 seconds unless told. */
  readonly timeoutMs?: number;
}

/** The input may be left out where nothing of it is required. */
export type Arguments<Id extends OperationId, Options> =
  Record<never, never> extends Input<Id>
    ? [input?: Input<Id>, options?: Options]
    : [input: Input<Id>, options?: Options];
