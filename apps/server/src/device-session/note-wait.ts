import type { Clock } from "@moult/base";
import { endDeferral, reportNext } from "../deployments/index.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { ControllerPrincipal, ControllerWait, ControllerWork } from "./controller-work.ts";

interface NoteWaitDeps {
  readonly clock: Clock;
  /** Runs `work` with the device's row held. */
  readonly held: (
    principal: ControllerPrincipal,
    work: (db: TenantDb) => Promise<unknown>,
  ) => Promise<unknown>;
}

/**
 * Keeps why a device waits with its update, as if its client had said so: one that waits as its plan wants owes nobody a word.
 * Said again it is no news, and nothing is written.
 */
export async function noteWait(
  principal: ControllerPrincipal,
  { offer }: ControllerWork,
  wait: ControllerWait | undefined,
  { clock, held }: NoteWaitDeps,
): Promise<void> {
  const { assignmentId, attempt, deferral } = offer;
  if (wait === undefined) {
    if (deferral !== null) await held(principal, (db) => endDeferral(db, offer, clock.now()));
    return;
  }
  const { before, holds } = wait;
  if (deferral?.before === before && JSON.stringify(deferral.holds) === JSON.stringify(holds))
    return;
  await held(principal, (db) =>
    reportNext(
      db,
      principal.deviceId,
      assignmentId,
      attempt,
      { kind: "deferred", before, holds },
      clock.now(),
    ),
  );
}
