import type { DevicePrincipal, ForeignSessions, Standing } from "../../device-session/index.ts";
import type { UpdateRequest } from "./read-update-request.ts";
import { cameBack, isPastInstall } from "./status-table.ts";

/**
 * The update that a device asks for. A client asks when it is in none: one that was on its way into the release, and does not
 * run it, came back, and its report of that was lost. Then it is decided what comes next.
 */
export async function offerFor(
  principal: DevicePrincipal,
  request: UpdateRequest,
  sessions: Pick<ForeignSessions, "ask" | "tell">,
): Promise<Standing | undefined> {
  const offer = await sessions.ask(principal, request);
  if (offer === undefined || !isPastInstall(offer)) return offer;
  await sessions.tell(principal, offer.assignmentId, offer.attempt, cameBack);
  return sessions.ask(principal, request);
}
