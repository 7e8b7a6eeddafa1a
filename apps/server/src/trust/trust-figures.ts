import type { TenantDb } from "../platform/tenant-db.ts";
import { countOpenProposals } from "./proposal-queries.ts";
import { publishedRoles } from "./queries.ts";

/** What of a tenant's signing is worth watching. */
export interface TrustFigures {
  readonly roles: readonly { readonly role: string; readonly expiresAt: number }[];
  readonly openProposals: number;
}

export async function trustFigures(db: TenantDb): Promise<TrustFigures> {
  return { roles: await publishedRoles(db), openProposals: await countOpenProposals(db) };
}
