import { MINUTE_MS } from "@moult/base";
import type { ClientTraits } from "@moult/model";
import {
  actionsOf,
  askForAttributes,
  isActionOf,
  noteEnded,
  numberTry,
} from "../controllers/index.ts";
import { recordTraits } from "../devices/index.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { askDevice, type AskDeps } from "./ask-device.ts";
import type { ControllerAnswer, ControllerHabits, ControllerPrincipal } from "./controller-work.ts";
import type { DevicePrincipal } from "./device-principal.ts";

export interface PollControllerDeps extends AskDeps {
  readonly dbOf: (principal: DevicePrincipal) => TenantDb;
  /** Runs `work` with the device's row held. */
  readonly held: <T>(principal: DevicePrincipal, work: (db: TenantDb) => Promise<T>) => Promise<T>;
}

/** One that refused to give an update up is asked again then: a client that was cut off meanwhile has forgotten it. */
const REFUSAL_MS = 10 * MINUTE_MS;

/**
 * What a device is shown when it asks: the update that it has, as long as its client has not ended it, or the one to give up.
 * What its client never read is forgotten without a word.
 */
export async function pollController(
  principal: ControllerPrincipal,
  traits: ClientTraits,
  { closesAfterRestart }: ControllerHabits,
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
  const atWork = stale.filter(({ isFetched }) => isFetched);
  const cancelled = atWork.find(
    ({ refusedAt }) => refusedAt === null || clock.now() >= refusedAt + REFUSAL_MS,
  );
  if (cancelled !== undefined) return { kind: "cancel", number: cancelled.number };
  // Whoever goes on with what was taken back has no time for another.
  if (offer === undefined || atWork.length > 0 || current?.isClosed === true)
    return { kind: "nothing", awaitsRestart: current?.isClosed === true };
  if (current !== undefined)
    return { kind: "deploy", action: current, offer, asksAttributes: false };
  const action = await held(principal, async (db) => {
    // What it says of its start before it begins is what tells a restart later.
    if (!closesAfterRestart) await askForAttributes(db, deviceId, true);
    return numberTry(db, deviceId, offer);
  });
  return { kind: "deploy", action, offer, asksAttributes: !closesAfterRestart };
}
