import type { DeviceId, Inventory, Running } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import { attributesOf, runningOf } from "./report-queries.ts";

/** What a device last said of itself. */
export const knownAttributes = (db: TenantDb, deviceId: DeviceId): Promise<Inventory> =>
  attributesOf(db, deviceId);

/** What a device last said that it runs; null: it never said. */
export const knownRunning = (db: TenantDb, deviceId: DeviceId): Promise<Running | null> =>
  runningOf(db, deviceId);
