import type { InstantMs } from "@moult/base";
import type { DeviceId } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import { offerTerms, tellTerms, type OfferTerms } from "./offer-terms.ts";
import { installedOffer, standingOffer, type StandingOffer } from "./standing-queries.ts";

export type { StandingOffer };

/** What a device that holds no answers of ours is to do. */
export interface Standing extends StandingOffer {
  readonly terms: OfferTerms;
}

/** The update that a device has, for a protocol to show; undefined when it has none. */
export async function offerStanding(
  db: TenantDb,
  deviceId: DeviceId,
  at: InstantMs,
): Promise<Standing | undefined> {
  const offer = await standingOffer(db, deviceId);
  return offer && { ...offer, terms: await offerTerms(db, deviceId, offer, at) };
}

/** The same for a device whose facts or plan changed, in a transaction: what it was told is noted. */
export async function tellStanding(
  db: TenantDb,
  deviceId: DeviceId,
  at: InstantMs,
): Promise<Standing | undefined> {
  const offer = await standingOffer(db, deviceId);
  return offer && { ...offer, terms: await tellTerms(db, deviceId, offer, at) };
}

/** What a try brought that ended well and whose release the device runs; nothing is asked of the device for it any more. */
export async function offerInstalled(
  db: TenantDb,
  deviceId: DeviceId,
  ended: Pick<StandingOffer, "assignmentId" | "attempt">,
): Promise<Standing | undefined> {
  const offer = await installedOffer(db, deviceId, ended);
  return offer && { ...offer, terms: {} };
}
