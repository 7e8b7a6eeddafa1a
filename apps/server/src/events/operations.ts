import type { EventKind, FleetEvent } from "@moult/model";
import type { EventFeed, EventRecord } from "../platform/events.ts";
import type { Handlers } from "../platform/operation-handler.ts";
import { decodeCursor } from "../platform/page-cursor.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { nameEvents, namedEventPage } from "./name-events.ts";

/** Everything that happens, live, and everything that happened. */
export function createEventHandlers({
  events,
}: {
  readonly events: EventFeed;
}): Handlers<"watchEvents" | "listEvents"> {
  return {
    watchEvents: async ({ db, signal }, { query }) => named(db, events.watch(db, query, signal)),

    listEvents: ({ db }, { query: { cursor, limit, kind, ...filter } }) =>
      namedEventPage(
        db,
        { ...filter, ...(kind === undefined ? {} : { kinds: kind.split(",") as EventKind[] }) },
        decodeCursor(cursor),
        limit,
      ),
  };
}

async function* named(
  db: TenantDb,
  pages: AsyncIterable<readonly EventRecord[]>,
): AsyncGenerator<FleetEvent> {
  for await (const page of pages) yield* await nameEvents(db, page);
}
