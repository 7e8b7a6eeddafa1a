import type { CallId, CallOptions, Input, Reply } from "@moult/client";
import {
  keepPreviousData,
  queryOptions,
  useQuery,
  type UseQueryResult,
} from "@tanstack/react-query";
import type { QueriedId } from "../live/touched-queries.ts";
import { client } from "./client.ts";

/** An operation as a query: its key is the operation's id and input, so the stream of changes knows what it touches. */
export function operationQuery<Id extends QueriedId>(id: Id, input?: Input<Id>) {
  return queryOptions<Reply<Id>>({
    queryKey: [id, input ?? {}],
    queryFn: ({ signal }) => call(id, input, { signal }),
  });
}

/** Its answer, live. `keepsOld`: while another page or filter is fetched the old rows stay, dimmed by the caller. */
export function useOperation<Id extends QueriedId>(
  id: Id,
  input?: Input<Id>,
  options: { readonly enabled?: boolean; readonly keepsOld?: boolean } = {},
): UseQueryResult<Reply<Id>> {
  const { enabled = true, keepsOld = false } = options;
  return useQuery({
    ...operationQuery(id, input),
    enabled,
    ...(keepsOld ? { placeholderData: keepPreviousData } : {}),
  } as ReturnType<typeof operationQuery<Id>>);
}

/** Calls once, outside of any query: for what changes something. */
export function call<Id extends CallId>(
  id: Id,
  input?: Input<Id>,
  options?: CallOptions,
): Promise<Reply<Id>> {
  // The client's arguments are optional where the operation needs none; a caller of this has checked its input by type.
  const anyClient = client as {
    call(id: Id, input: unknown, options: unknown): Promise<Reply<Id>>;
  };
  return anyClient.call(id, input, options);
}
