import { instant, MINUTE_MS, type InstantMs } from "@moult/base";
import type { TenantDb } from "../platform/tenant-db.ts";
import { hearingOf, setHearing } from "./hearing-queries.ts";
import { STANDSTILL_MS } from "./server-uptime.ts";

/** What a server that dies at once leaves unsaid of how long it could hear devices. */
const NOTED_EVERY_MS = MINUTE_MS;

/**
 * Since when a tenant's devices could be heard without a break, by any of its servers: a restart, or one server of several that
 * stops, is no break. `upSince`: how long this server has been up.
 */
export async function heardSince(
  db: TenantDb,
  upSince: InstantMs,
  at: InstantMs,
): Promise<InstantMs> {
  const noted = await hearingOf(db);
  // A clock that was set back says nothing about how long devices could be heard.
  const goesOn =
    noted !== null && upSince - noted.until <= STANDSTILL_MS && noted.until - at <= STANDSTILL_MS;
  const since = goesOn ? Math.min(noted.since, upSince) : upSince;
  if (noted === null || since !== noted.since || at - noted.until >= NOTED_EVERY_MS)
    await db.transaction((inner) => setHearing(inner, { since, until: at }));
  return instant(since);
}
