import type { DeviceId } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import { installedOffer, standingOffer, type StandingOffer } from "./standing-queries.ts";

export type { StandingOffer };

/** The update that a device has, for a protocol to show; undefined when it has none. */
export const offerStanding = (
  db: TenantDb,
  deviceId: DeviceId,
): Promise<StandingOffer | undefined> => standingOffer(db, deviceId);

/** What a try brought that ended well and whose release the device runs. */
export const offerInstalled = (
  db: TenantDb,
  deviceId: DeviceId,
  ended: Pick<StandingOffer, "assignmentId" | "attempt">,
): Promise<StandingOffer | undefined> => installedOffer(db, deviceId, ended);
