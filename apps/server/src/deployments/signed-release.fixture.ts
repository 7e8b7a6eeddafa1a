import type { InstantMs } from "@moult/base";
import type { ReleaseId } from "@moult/model";
import type { SignedTerms } from "@moult/planner";
import type { TenantDb } from "../platform/tenant-db.ts";

export type TestTerms = Omit<SignedTerms, "notBefore"> & { readonly notBefore: InstantMs | null };

/** What publishing leaves when offline keys signed these terms with the artifacts of a release. */
export async function publishTerms(
  db: TenantDb,
  releaseId: ReleaseId,
  { securityCounter = 0, conflicts = {}, minAgent = null, notBefore = null }: Partial<TestTerms>,
): Promise<void> {
  await db.transaction(async ({ kysely, tenantId }) => {
    await kysely
      .updateTable("trust_target")
      .set({
        security_counter: securityCounter,
        conflicts: JSON.stringify(conflicts),
        min_agent: minAgent,
        not_before: notBefore,
      })
      .where("tenant_id", "=", tenantId)
      .where("artifact_id", "in", (row) =>
        row
          .selectFrom("artifact")
          .select("artifact.id")
          .where("artifact.tenant_id", "=", tenantId)
          .where("artifact.release_id", "=", releaseId),
      )
      .execute();
  });
}
