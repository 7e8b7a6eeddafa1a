import { useSyncExternalStore } from "react";
import { isSignedOut } from "./problem.ts";
import { queryClient } from "./query-client.ts";

/**
 * Whether the session ended while a page was open. Then somebody signs in over the page (frame/session-dialog.tsx), and
 * what they had typed is still there.
 */
let isExpired = false;
const listeners = new Set<() => void>();

function set(next: boolean): void {
  if (isExpired === next) return;
  isExpired = next;
  for (const listener of listeners) listener();
}

export const useIsSessionExpired = (): boolean =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => isExpired,
  );

/** Signed in again: everything is asked anew. */
export async function renewSession(): Promise<void> {
  set(false);
  await queryClient.invalidateQueries();
}

/** Hears of each failed question and act. */
export function watchForExpiry(): void {
  const hear = (error: unknown): void => {
    // Before somebody signed in there is nothing to lose; the router leads to the sign-in then.
    const wasSignedIn = queryClient.getQueryData(["showMe", {}]) !== undefined;
    if (wasSignedIn && isSignedOut(error)) set(true);
  };
  queryClient.getQueryCache().subscribe((event) => {
    if (event.type === "updated" && event.action.type === "error") hear(event.action.error);
  });
  queryClient.getMutationCache().subscribe((event) => {
    if (event.type === "updated" && event.action.type === "error") hear(event.action.error);
  });
}
