import type { Query, QueryClient } from "@tanstack/react-query";

/** Queries whose answer was under way when it became old; they are asked once more when it is there. */
const askedLater = new WeakSet<Query>();

/**
 * Lets what has become old be asked again. A question that is under way is not broken off, or one that takes longer than
 * the next change would never be answered; and its answer may be from before the change, so it is asked once more after it.
 */
export function askAgain(queryClient: QueryClient, isOld: (query: Query) => boolean): void {
  const old = queryClient.getQueryCache().findAll({ predicate: isOld });
  for (const query of old) {
    if (query.state.fetchStatus === "fetching") askLater(queryClient, query);
    else void ask(queryClient, query);
  }
}

function askLater(queryClient: QueryClient, query: Query): void {
  if (askedLater.has(query)) return;
  askedLater.add(query);
  // Where it was broken off by somebody who asks anew, that question may be from before the change as well.
  const again = (): void => {
    askedLater.delete(query);
    askAgain(queryClient, (other) => other === query);
  };
  Promise.resolve(query.promise).then(again, again);
}

const ask = (queryClient: QueryClient, query: Query): Promise<void> =>
  queryClient.invalidateQueries(
    { predicate: (other) => other === query, refetchType: isHidden() ? "none" : "active" },
    { cancelRefetch: false },
  );

/** A hidden page asks when it is seen again. */
const isHidden = (): boolean => typeof document !== "undefined" && document.hidden;
