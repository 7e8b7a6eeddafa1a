import type { Clock, InstantMs } from "@moult/base";
import type { DeviceId } from "@moult/model";
import {
  offerTerms,
  planDevice,
  offerStanding,
  type OfferTerms,
  type StandingOffer,
} from "../deployments/index.ts";
import type { LastSeen } from "../devices/index.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { demandStanding, type DevicePrincipal } from "./device-principal.ts";
import { decidedAt } from "./poll-device.ts";
import { holdStanding, planningEpochOf, setDecided, type ReadPollRow } from "./queries.ts";

/** What a device that holds no answers of ours is to do. */
export interface Standing extends StandingOffer {
  readonly terms: OfferTerms;
}

export interface AskDeps {
  readonly clock: Clock;
  readonly lastSeen: Pick<LastSeen, "note">;
  readonly readPollRow: ReadPollRow;
}

/**
 * Answers a device whose protocol knows no generations: the same open offer at each time it asks, until that is closed. One
 * that has nothing to do, and for which nothing changed, costs one read.
 */
export async function askDevice(
  db: TenantDb,
  principal: DevicePrincipal,
  { clock, lastSeen, readPollRow }: AskDeps,
): Promise<Standing | undefined> {
  const { deviceId } = principal;
  const row = await readPollRow(db, { deviceId });
  demandStanding(row, principal);
  lastSeen.note(db, deviceId);
  const at = clock.now();
  const isDue = row.nextDecisionAt !== null && at >= row.nextDecisionAt;
  const isDecided = row.decidedEpoch === row.planningEpoch && !isDue;
  if (isDecided && row.openAssignmentId === null) return undefined;
  return db.transaction(async (inner) => {
    demandStanding(await holdStanding(inner, deviceId), principal);
    return isDecided ? withTerms(inner, deviceId, at) : decideStanding(inner, deviceId, at);
  });
}

/**
 * Decides in the caller's transaction, which holds the device's row. Whatever the device is at, what it says it runs counts:
 * an update whose release it runs is over.
 */
export async function decideStanding(
  db: TenantDb,
  deviceId: DeviceId,
  at: InstantMs,
): Promise<Standing | undefined> {
  const epoch = await planningEpochOf(db);
  const plan = await planDevice(db, deviceId, true, at);
  await setDecided(db, deviceId, decidedAt(epoch, plan, at));
  return withTerms(db, deviceId, at);
}

async function withTerms(
  db: TenantDb,
  deviceId: DeviceId,
  at: InstantMs,
): Promise<Standing | undefined> {
  const offer = await offerStanding(db, deviceId);
  if (offer === undefined) return undefined;
  return { ...offer, terms: await offerTerms(db, deviceId, offer, at) };
}
