import type { Clock } from "@moult/base";
import { askForAttributes, forgetBoot, noteFetched } from "../controllers/index.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { ControllerHabits, ControllerPrincipal, ControllerWork } from "./controller-work.ts";
import { heldStep } from "./step-holds.ts";

interface NoteReadDeps {
  readonly clock: Clock;
  /** Runs `work` with the device's row held. */
  readonly held: (
    principal: ControllerPrincipal,
    work: (db: TenantDb) => Promise<unknown>,
  ) => Promise<unknown>;
}

/**
 * Notes that a client has read what it is to do. One that reads it again begins it, perhaps after a restart, so that what it
 * said of its start before is worth nothing.
 */
export async function noteRead(
  principal: ControllerPrincipal,
  { action: { number, isFetched, bootId }, offer }: ControllerWork,
  { closesAfterRestart }: Pick<ControllerHabits, "closesAfterRestart">,
  { clock, held }: NoteReadDeps,
): Promise<void> {
  const now = clock.now();
  if (!isFetched) await held(principal, (db) => noteFetched(db, number, now));
  else if (!closesAfterRestart && bootId !== null && heldStep(offer.terms, now) === undefined)
    await held(principal, async (db) => {
      await forgetBoot(db, number);
      await askForAttributes(db, principal.deviceId, true);
    });
}
