import { MINUTE_MS, utf8, type Clock, type Crypto } from "@moult/base";
import type { TenantId } from "@moult/model";
import {
  openTrust,
  type InstructionComponent,
  type RefreshResult,
  type TargetResult,
  type Trust,
  type TrustSource,
} from "@moult/trust";
import type { KeptTenants } from "./kept-tenants.ts";
import { createMemoryStore } from "./memory-store.ts";
import { roleOfFile, type TrustTables } from "./trust-tables.ts";

export type TargetRefusal = "target-not-published" | "trust-refused";

export interface PublishedTargets {
  /** Why the tenant's verified repository does not list this component; undefined when it does, or there is none yet. */
  refusal(tenantId: TenantId, component: InstructionComponent): Promise<TargetRefusal | undefined>;
}

interface Deps {
  readonly tables: TrustTables;
  readonly tenants: KeptTenants;
  readonly crypto: Crypto;
  readonly clock: Clock;
}

interface OpenTenant {
  readonly trust: Trust;
  readonly source: TrustSource;
  /** Since the last refresh: a role is verified whole at each look, and a fleet asks for the same few targets. */
  readonly looked: Map<string, TargetResult>;
  timestampVersion: number | undefined;
  refreshedAt: number;
  result: RefreshResult;
}

/** What is expired is noticed within this, although nothing was published. */
const REFRESH_AFTER_MS = MINUTE_MS;
const TENANTS_MAX = 1_000;

/**
 * Looks targets up as a device does, by metadata that this process verified from the tenant's first root. Once a tenant has
 * a repository, nothing outside it is ever signed for, even if the tables lose it again.
 */
export function createPublishedTargets(deps: Deps): PublishedTargets {
  const open = new Map<TenantId, OpenTenant>();
  return {
    refusal: async (tenantId, component) => {
      const tenant = open.get(tenantId) ?? (await openTenant(deps, tenantId));
      if (tenant === undefined) return undefined;
      if (open.size >= TENANTS_MAX) open.clear();
      open.set(tenantId, tenant);
      await refreshWhenDue(deps, tenantId, tenant);
      if (tenant.result.kind === "refused") return "trust-refused";

      const found =
        tenant.looked.get(component.path) ??
        (await tenant.trust.target(tenant.source, component.path));
      tenant.looked.set(component.path, found);
      if (found.kind === "refused") return "trust-refused";
      const isSame =
        found.kind === "found" &&
        found.target.length === component.sizeBytes &&
        found.target.hashes["sha256"] === component.sha256;
      return isSame ? undefined : "target-not-published";
    },
  };
}

async function openTenant(
  { tables, tenants, crypto, clock }: Deps,
  tenantId: TenantId,
): Promise<OpenTenant | undefined> {
  const kept = tenants.find(tenantId);
  const firstRoot = kept?.firstRoot ?? (await tables.content(tenantId, "root", 1, "published"));
  if (firstRoot === undefined) return undefined;
  if (kept === undefined) tenants.keep(tenantId, { firstRoot, versions: {} });
  const source: TrustSource = {
    fetch: async (file) => {
      const wanted =
        file === "timestamp.json"
          ? { role: "timestamp", version: await tables.publishedVersion(tenantId, "timestamp") }
          : roleOfFile(file);
      if (wanted?.version === undefined) return undefined;
      const content = await tables.content(tenantId, wanted.role, wanted.version, "published");
      return content === undefined ? undefined : utf8(content);
    },
  };
  const trust = await openTrust({
    store: createMemoryStore(),
    provisionedRoot: utf8(firstRoot),
    crypto,
    clock,
  });
  return {
    trust,
    source,
    looked: new Map(),
    timestampVersion: undefined,
    refreshedAt: Number.NEGATIVE_INFINITY,
    result: { kind: "fresh" },
  };
}

async function refreshWhenDue(
  { tables, clock }: Deps,
  tenantId: TenantId,
  tenant: OpenTenant,
): Promise<void> {
  const version = await tables.publishedVersion(tenantId, "timestamp");
  const now = clock.now();
  const isKnown = tenant.timestampVersion !== undefined && version === tenant.timestampVersion;
  if (isKnown && Math.abs(now - tenant.refreshedAt) < REFRESH_AFTER_MS) return;
  tenant.looked.clear();
  tenant.result = await tenant.trust.refresh(tenant.source);
  tenant.timestampVersion = version;
  tenant.refreshedAt = now;
}
