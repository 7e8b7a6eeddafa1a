import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";
import { announce } from "../ui/announcer.ts";
import { openChangeStream, type LiveState } from "./change-stream.ts";
import { askAgain } from "./ask-again.ts";
import { isTouched, withNewDeployment, type Change } from "./touched-queries.ts";

const Live = createContext<LiveState>({ kind: "connecting" });

/** Whether what the page shows is what is. */
export const useLiveState = (): LiveState => useContext(Live);

/** Lets exactly those questions be asked again whose answers a change has made old, and all of them after a cut. */
export function LiveChanges({ children }: { readonly children: ReactNode }) {
  const queryClient = useQueryClient();
  const [state, setState] = useState<LiveState>({ kind: "connecting" });
  useEffect(() => {
    let wasLive = false;
    let isCut = false;
    const close = openChangeStream({
      onState: (next) => {
        if (next.kind === "cut" && !isCut)
          announce("Not live: the connection to the server is cut");
        // What happened meanwhile is not known.
        if (next.kind === "live" && (isCut || wasLive)) askAgain(queryClient, () => true);
        if (next.kind === "live" && isCut) announce("Live again");
        isCut = next.kind === "cut";
        wasLive ||= next.kind === "live";
        setState(next);
      },
      onChange: (change) => apply(queryClient, change),
      onRefused: () => askAgain(queryClient, () => true),
    });
    const onVisible = (): void => {
      if (!document.hidden) void queryClient.refetchQueries({ type: "active", stale: true });
    };
    document.addEventListener("visibilitychange", onVisible);
    return () => {
      document.removeEventListener("visibilitychange", onVisible);
      close();
    };
  }, [queryClient]);
  return <Live.Provider value={state}>{children}</Live.Provider>;
}

function apply(queryClient: QueryClient, change: Change): void {
  if (change.isReset) {
    askAgain(queryClient, () => true);
    return;
  }
  // Tallies travel whole: the head of a deployment's page follows without a question.
  queryClient.setQueriesData({ queryKey: ["showDeployment"] }, (shown: unknown) =>
    withNewDeployment(shown, change.deployments),
  );
  askAgain(queryClient, ({ queryKey }) => isTouched(queryKey, change));
}
