import { DAY_MS } from "@moult/base";
import { ArtifactId, type ReleaseId } from "@moult/model";
import type { SignedTerms } from "@moult/planner";
import type { TenantDb } from "../platform/tenant-db.ts";
import { TEST_NOW } from "../platform/test-database.fixture.ts";
import { replaceTargets, putRole } from "../trust/publishing-queries.ts";
import { PRODUCT } from "./fleet.fixture.ts";

const ROLE = `${PRODUCT}.prod`;

/** What publishing leaves when offline keys signed the artifact of a release, with these terms; nothing else is listed then. */
export async function publishTerms(
  db: TenantDb,
  releaseId: ReleaseId,
  { securityCounter, conflicts, minAgent, notBefore }: Partial<SignedTerms>,
): Promise<void> {
  await db.transaction(async (inner) => {
    const { id, path } = await inner.kysely
      .selectFrom("artifact")
      .select(["id", "path"])
      .where("release_id", "=", releaseId)
      .executeTakeFirstOrThrow();
    for (const role of ["root", "targets", "snapshot", "timestamp", ROLE])
      await putRole(inner, {
        role,
        version: 1,
        expiresAt: TEST_NOW + 365 * DAY_MS,
        threshold: 1,
        keyids: [],
        targetCount: 1,
      });
    const custom = {
      securityCounter: securityCounter ?? 0,
      conflicts: conflicts ?? {},
      minAgent: minAgent ?? undefined,
      notBefore: notBefore == null ? undefined : new Date(notBefore).toISOString(),
    };
    const target = { path, artifactId: ArtifactId.parse(id), custom };
    await replaceTargets(inner, { role: ROLE, version: 1 }, [target]);
  });
}
