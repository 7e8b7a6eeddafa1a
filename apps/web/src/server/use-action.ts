import { useMutation, useQueryClient, type UseMutationResult } from "@tanstack/react-query";
import type { CallId, Input, Reply } from "@moult/client";
import { call } from "./operation-query.ts";

/**
 * An operation that changes something. What is shown changes only when the server has answered: whatever it names in
 * `refreshes` is asked again then, so that the person who acted sees the effect without waiting for the stream.
 */
export function useAction<Id extends CallId>(
  id: Id,
  options: {
    readonly refreshes?: readonly CallId[];
    readonly onDone?: (reply: Reply<Id>) => void;
  } = {},
): UseMutationResult<Reply<Id>, unknown, Input<Id>> {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (input: Input<Id>) => call(id, input),
    onSuccess: async (reply) => {
      const refreshed = options.refreshes ?? [];
      await Promise.all(
        refreshed.map((queryId) => queryClient.invalidateQueries({ queryKey: [queryId] })),
      );
      options.onDone?.(reply);
    },
  });
}
