import type { Clock } from "@moult/base";
import type { EventFeed } from "../platform/events.ts";
import type { Handlers } from "../platform/operation-handler.ts";
import { createChangeFeed } from "./change-feed.ts";

/** What changed, for pages that show it. */
export function createChangeHandlers(deps: {
  readonly events: EventFeed;
  readonly clock: Clock;
}): Handlers<"watchChanges"> {
  const changes = createChangeFeed(deps);
  return {
    watchChanges: async ({ db, signal }, { query: { after } }) => changes.watch(db, after, signal),
  };
}
