import type { TenantId } from "@moult/model";
import type { KeptTenants } from "./kept-tenants.ts";
import type { TrustTables } from "./trust-tables.ts";

/**
 * Remembers a tenant's first root as soon as it is published, before anybody who takes over the server can have another one
 * in its place, and the versions that are published by now.
 */
export async function notePublished(
  tenantId: TenantId,
  { tables, tenants }: { readonly tables: TrustTables; readonly tenants: KeptTenants },
): Promise<void> {
  const kept = tenants.find(tenantId);
  const firstRoot = kept?.firstRoot ?? (await tables.content(tenantId, "root", 1, "published"));
  if (firstRoot === undefined) return;
  const versions = { ...kept?.versions };
  for (const [role, version] of await tables.newestVersions(tenantId, "published"))
    versions[role] = Math.max(version, versions[role] ?? 0);
  tenants.keep(tenantId, { firstRoot, versions });
}
