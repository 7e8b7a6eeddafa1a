import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { TenantId } from "@moult/model";
import * as z from "zod";
import { replaceFile } from "./durable-file.ts";

/** What the signer knows of a tenant by itself, whatever the server's tables say later. */
const KeptTenant = z.strictObject({
  /** The root that it saw first: the anchor of everything it signs for this tenant. */
  firstRoot: z.string(),
  /** The highest version of each role that it signed for; none of them is ever signed lower. */
  versions: z.record(z.string(), z.int().min(1)),
});
type KeptTenant = z.infer<typeof KeptTenant>;

export interface KeptTenants {
  find(tenantId: TenantId): KeptTenant | undefined;
  /** Durable when it returns. */
  keep(tenantId: TenantId, tenant: KeptTenant): void;
}

/** Another one for each file that was put in its place: the signer of another server may share the folder. */
function stateOf(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? undefined : `${stats.ino} ${stats.mtimeNs} ${stats.size}`;
}

/**
 * In the signer's own folder, which the server's tables cannot change. A file that is there but cannot be read stops what
 * needs it: signing without its anchor would be believing the tables.
 */
export function openKeptTenants(folder: string): KeptTenants {
  const place = join(folder, "tenants");
  mkdirSync(place, { recursive: true, mode: 0o700 });
  const known = new Map<TenantId, { readonly tenant: KeptTenant; readonly state: string }>();
  const pathOf = (tenantId: TenantId): string => join(place, `${tenantId}.json`);
  return {
    find: (tenantId) => {
      const path = pathOf(tenantId);
      const state = stateOf(path);
      const before = known.get(tenantId);
      // A file that is gone takes nothing back of what this process knows.
      if (state === undefined || before?.state === state) return before?.tenant;
      const tenant = KeptTenant.parse(JSON.parse(readFileSync(path, "utf8")));
      known.set(tenantId, { tenant, state });
      return tenant;
    },
    keep: (tenantId, tenant) => replaceFile(pathOf(tenantId), JSON.stringify(tenant)),
  };
}
