import type { TenantId } from "@moult/model";

/** `any` takes in what is staged: about to be published with the snapshot that names it. */
export type Which = "published" | "any";

/** What the signer reads of tenants' metadata; it believes none of it before it has verified it. */
export interface TrustTables {
  /** The newest version of each role. */
  newestVersions(tenantId: TenantId, which: Which): Promise<ReadonlyMap<string, number>>;
  /** The newest version of a role that is published. */
  publishedVersion(tenantId: TenantId, role: string): Promise<number | undefined>;
  content(
    tenantId: TenantId,
    role: string,
    version: number,
    which: Which,
  ): Promise<string | undefined>;
}

/** The role and version that a file of a repository with consistent snapshots is of; the timestamp's name has no version. */
export function roleOfFile(
  file: string,
): { readonly role: string; readonly version: number } | undefined {
  const [, version, name] = /^([1-9][0-9]{0,15})\.(.+)\.json$/.exec(file) ?? [];
  if (version === undefined || name === undefined) return undefined;
  return { role: decodeURIComponent(name), version: Number(version) };
}
