import type { TenantDb } from "../platform/tenant-db.ts";
import { filesForEvidence } from "./queries.ts";

/** Published files by name: every root and targets, and these versions of these roles. */
export async function evidenceFiles(
  db: TenantDb,
  roles: readonly { readonly role: string; readonly version: number }[],
): Promise<Record<string, string>> {
  return Object.fromEntries(await filesForEvidence(db, roles));
}
