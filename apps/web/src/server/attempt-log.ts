import type { AssignmentId } from "@moult/model";
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { client } from "./client.ts";

/** What a device logged in a try. The server keeps a bounded end of it, so it is read whole. */
export function useAttemptLog(assignmentId: AssignmentId, attempt: number): UseQueryResult<string> {
  return useQuery({
    queryKey: ["showAttemptLog", { params: { assignmentId, attempt } }],
    queryFn: async ({ signal }) => {
      const input = { params: { assignmentId, attempt } };
      const { content } = await client.download("showAttemptLog", input, { signal });
      const decoder = new TextDecoder();
      let text = "";
      for await (const chunk of content) text += decoder.decode(chunk, { stream: true });
      return text + decoder.decode();
    },
  });
}

/** Where the browser itself fetches it. */
export const attemptLogPath = (assignmentId: AssignmentId, attempt: number): string =>
  `/api/v1/assignments/${encodeURIComponent(assignmentId)}/attempts/${attempt}/log`;
