import type { Permission } from "@moult/api";
import type { Reply } from "@moult/client";
import { queryClient } from "./query-client.ts";
import { operationQuery, useOperation } from "./operation-query.ts";

export type Me = Reply<"showMe">;

/** Who is signed in; the frame has it before any page is shown. */
export function useMe(): Me {
  const { data } = useOperation("showMe");
  if (data === undefined) throw new Error("the frame shows pages only to somebody");
  return data;
}

/** Whether the server lets this person do it; it decides again when they do. */
export function useMay(permission: Permission): boolean {
  return useMe().permissions.includes(permission);
}

export const fetchMe = (): Promise<Me> => queryClient.ensureQueryData(operationQuery("showMe"));
