import type { ArtifactId, TrustRole } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";

/** The role that lists each of these artifacts, of those that are listed. */
export async function targetsOfArtifacts(
  db: TenantDb,
  artifactIds: readonly ArtifactId[],
): Promise<Map<ArtifactId, { readonly role: TrustRole; readonly roleVersion: number }>> {
  const rows = await db.kysely
    .selectFrom("trust_target")
    .select(["artifact_id", "role", "role_version"])
    .where("tenant_id", "=", db.tenantId)
    .where("artifact_id", "in", artifactIds)
    .execute();
  return new Map(
    rows.map(({ artifact_id, role, role_version }) => [
      artifact_id,
      { role, roleVersion: role_version },
    ]),
  );
}

/** What open proposals would have these roles say. */
export async function openProposalFiles(
  db: TenantDb,
  roles: readonly TrustRole[],
): Promise<string[]> {
  const rows = await db.kysely
    .selectFrom("trust_proposal")
    .innerJoin("trust_proposal_file as file", "file.proposal_id", "trust_proposal.id")
    .select("file.signed")
    .where("trust_proposal.tenant_id", "=", db.tenantId)
    .where("trust_proposal.state", "in", ["open", "publishing"])
    .where("trust_proposal.closed_at", "is", null)
    .where("file.tenant_id", "=", db.tenantId)
    .where("file.role", "in", roles)
    .execute();
  return rows.map(({ signed }) => signed);
}
