import type { ClientTraits } from "@moult/model";
import { actionsOf, isActionOf, noteEnded, numberTry } from "../controllers/index.ts";
import { recordTraits } from "../devices/index.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { askDevice, type AskDeps } from "./ask-device.ts";
import type { ControllerAnswer, ControllerPrincipal } from "./controller-work.ts";
import type { DevicePrincipal } from "./device-principal.ts";

export interface PollControllerDeps extends AskDeps {
  readonly dbOf: (principal: DevicePrincipal) => TenantDb;
  /** Runs `work` with the device's row held. */
  readonly held: <T>(principal: DevicePrincipal, work: (db: TenantDb) => Promise<T>) => Promise<T>;
}

/**
 * What a device is shown when it asks: the update that it has, as long as its client has not ended it, or the one to give up.
 * What its client never read is forgotten without a word.
 */
export async function pollController(
  principal: ControllerPrincipal,
  traits: ClientTraits,
  deps: PollControllerDeps,
): Promise<ControllerAnswer> {
  const { clock, dbOf, held } = deps;
  const { deviceId } = principal;
  if (principal.traits !== JSON.stringify(traits))
    await held(principal, (db) => recordTraits(db, deviceId, traits));
  const offer = await askDevice(dbOf(principal), principal, {}, deps);
  const actions = await actionsOf(dbOf(principal), deviceId);
  const current = offer && actions.find((action) => isActionOf(action, offer));
  const stale = actions.filter((action) => action !== current && !action.isClosed);
  const unread = stale.filter(({ isFetched }) => !isFetched);
  if (unread.length > 0)
    await held(principal, async (db) => {
      for (const { number } of unread) await noteEnded(db, number, clock.now());
    });
  const cancelled = stale.find(({ isFetched, refusedCancel }) => isFetched && !refusedCancel);
  if (cancelled !== undefined) return { kind: "cancel", number: cancelled.number };
  // Whoever goes on with what was taken back has no time for another.
  const isAtWork = stale.some(({ isFetched }) => isFetched);
  if (offer === undefined || isAtWork || current?.isClosed === true) return { kind: "nothing" };
  const action = current ?? (await held(principal, (db) => numberTry(db, deviceId, offer)));
  return { kind: "deploy", action, offer };
}
