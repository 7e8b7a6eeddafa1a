import type { InstantMs } from "@moult/base";
import type { DeviceId, Outcome } from "@moult/model";
import { isBeforeInstall } from "@moult/planner";
import type { TenantDb } from "../platform/tenant-db.ts";
import { unclosedAssignments } from "./assignment-queries.ts";
import { endAssignment } from "./settle-assignment.ts";

/**
 * Ends whatever the device has not ended: the update it is in, and tries that it waits for. For a device that is taken
 * out of the fleet, in the transaction that does so and that holds its row; its places become free for others.
 *
 * A device that had not begun to install is not charged with a try, should it be let in again.
 */
export async function closeOpenAssignment(
  db: TenantDb,
  deviceId: DeviceId,
  outcome: Outcome,
  code: string,
  at: InstantMs,
): Promise<void> {
  for (const assignment of await unclosedAssignments(db, deviceId)) {
    const isUncharged = isBeforeInstall(assignment.state);
    const ending = { outcome, code: isUncharged ? "withdrawn" : code, detail: code };
    await endAssignment(db, assignment, "closed", ending, at);
  }
}
