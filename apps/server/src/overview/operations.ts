import { SECOND_MS, type Clock } from "@moult/base";
import type { Handlers } from "../platform/operation-handler.ts";
import { trustNeeds } from "../trust/index.ts";
import { lastSequence } from "../platform/events.ts";
import { countFleet, type FleetCounts } from "./count-fleet.ts";
import { createFreshValues } from "./fresh-value.ts";
import { showOverview } from "./show-overview.ts";

/** Who was last heard of when changes without any event. */
const KEPT_MS = 5 * SECOND_MS;
/** Counting a hundred thousand devices takes some hundredths of this. */
const SPACING_MS = SECOND_MS;

/** Where the fleet stands. */
export function createOverviewHandlers({
  clock,
  checkInSeconds,
}: {
  readonly clock: Clock;
  readonly checkInSeconds: number;
}): Handlers<"showOverview"> {
  const counts = createFreshValues<FleetCounts>({ keptMs: KEPT_MS, spacingMs: SPACING_MS });
  return {
    showOverview: async ({ db }, { query: { product } }) => {
      // Before anything is counted: what happens while it is counted is a later version.
      const version = await lastSequence(db);
      const counted = await counts.get(`${db.tenantId} ${product ?? ""}`, version, () =>
        countFleet(db, product, { now: clock.now(), checkInSeconds }),
      );
      return showOverview(db, product, counted, await trustNeeds(db, clock.now()));
    },
  };
}
