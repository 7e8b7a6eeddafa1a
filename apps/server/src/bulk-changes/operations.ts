import { may } from "@moult/api";
import type { Clock } from "@moult/base";
import type { BulkAction } from "@moult/model";
import type { ContactClock } from "../devices/index.ts";
import { ApiError } from "../platform/api-error.ts";
import type { Handlers, Principal } from "../platform/operation-handler.ts";
import { decodeCursor } from "../platform/page-cursor.ts";
import { bulkChangeById, bulkChangePage } from "./queries.ts";
import { rehearse } from "./rehearse.ts";
import { writeBulkChange } from "./start.ts";
import { tell, type BulkChangeWorker } from "./worker.ts";

export type BulkChangeHandlers = Handlers<
  "rehearseBulkChange" | "startBulkChange" | "showBulkChange" | "listBulkChanges"
>;

export interface BulkChangeHandlerDeps {
  readonly clock: Clock;
  /** How often devices are told to check in. */
  readonly checkInSeconds: number;
  readonly worker: Pick<BulkChangeWorker, "wake">;
}

export function createBulkChangeHandlers({
  clock,
  checkInSeconds,
  worker,
}: BulkChangeHandlerDeps): BulkChangeHandlers {
  const contactClock = (): ContactClock => ({ now: clock.now(), checkInSeconds });
  return {
    rehearseBulkChange: async ({ db, principal }, { body: { selection, action } }) => {
      demandGroups(principal, action);
      return rehearse(db, selection, action, contactClock());
    },

    startBulkChange: async ({ db, principal }, { body }) => {
      demandGroups(principal, body.action);
      const change = await writeBulkChange(
        db,
        body,
        principal.name,
        contactClock(),
        (inner, begun) => tell(inner, begun, clock.now()),
      );
      worker.wake();
      return change;
    },

    showBulkChange: async ({ db }, { params: { bulkChangeId } }) => {
      const change = await bulkChangeById(db, bulkChangeId);
      if (change === undefined)
        throw new ApiError("not-found", "There is no bulk change with this id.");
      return change;
    },

    listBulkChanges: ({ db }, { query: { cursor, limit } }) =>
      bulkChangePage(db, decodeCursor(cursor), limit),
  };
}

/** The operation demands what devices need; groups have a permission of their own. */
function demandGroups({ role }: Principal, action: BulkAction): void {
  if ("groupId" in action && !may(role, "groups:write"))
    throw new ApiError("forbidden", `The role ${role} does not allow groups:write.`);
}
