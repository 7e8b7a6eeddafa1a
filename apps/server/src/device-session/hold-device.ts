import type { Database } from "../platform/database.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { demandStanding, type DevicePrincipal } from "./device-principal.ts";
import { holdStanding } from "./queries.ts";

/** Runs `work` in a transaction that holds the device's row, if its session still stands. */
export const holdDevice = <T>(
  database: Pick<Database, "tenant">,
  principal: DevicePrincipal,
  work: (db: TenantDb) => Promise<T>,
): Promise<T> =>
  database.tenant(principal.tenantId).transaction(async (inner) => {
    demandStanding(await holdStanding(inner, principal.deviceId), principal);
    return work(inner);
  });
