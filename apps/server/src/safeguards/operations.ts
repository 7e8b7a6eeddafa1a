import type { Clock } from "@moult/base";
import type { Handlers } from "../platform/operation-handler.ts";
import { releaseOrRefusal } from "../releases/index.ts";
import { createSafeguard, liftSafeguard } from "./change-safeguards.ts";
import { safeguardsOf } from "./queries.ts";

export const createSafeguardHandlers = (deps: {
  readonly clock: Clock;
}): Handlers<"listSafeguards" | "createSafeguard" | "liftSafeguard"> => ({
  listSafeguards: async ({ db }, { params: { releaseId } }) => {
    await releaseOrRefusal(db, releaseId);
    return { items: await safeguardsOf(db, releaseId) };
  },
  createSafeguard: ({ db, principal }, { params: { releaseId }, body }) =>
    createSafeguard(db, releaseId, body, principal.name, deps),
  liftSafeguard: ({ db, principal }, { params: { safeguardId } }) =>
    liftSafeguard(db, safeguardId, principal.name, deps),
});
