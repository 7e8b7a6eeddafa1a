import { DAY_MS, type InstantMs } from "@moult/base";
import type { TrustRole, TrustWarning } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import { countOpenProposals } from "./proposal-queries.ts";
import { publishedRoles } from "./queries.ts";
import { isOnlineRole, warningOf } from "./role-expiry.ts";

/** Early enough to find the people who have the keys; three months ahead it is a remark, not a need. */
const NEEDS_SOMEBODY: readonly (TrustWarning | null)[] = ["expires-30d", "expires-7d", "expired"];

export interface TrustNeeds {
  /** The first to end comes first. */
  readonly expiring: readonly { readonly role: TrustRole; readonly daysLeft: number }[];
  readonly openProposals: number;
}

/** What of trust waits for a person. */
export async function trustNeeds(db: TenantDb, now: InstantMs): Promise<TrustNeeds> {
  const roles = await publishedRoles(db);
  return {
    expiring: roles
      .filter(({ role, expiresAt }) =>
        NEEDS_SOMEBODY.includes(warningOf({ expiresAt, isOnline: isOnlineRole(role) }, now)),
      )
      .toSorted((one, other) => one.expiresAt - other.expiresAt)
      .map(({ role, expiresAt }) => ({ role, daysLeft: Math.floor((expiresAt - now) / DAY_MS) })),
    openProposals: await countOpenProposals(db),
  };
}
