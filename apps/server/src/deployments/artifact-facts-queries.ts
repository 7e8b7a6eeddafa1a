import { instant, type InstantMs } from "@moult/base";
import {
  Depends,
  HardwareType,
  Payload,
  Provides,
  type ArtifactId,
  type ReleaseId,
} from "@moult/model";
import type { ArtifactFacts, SignedTerms } from "@moult/planner";
import type { Selectable } from "kysely";
import * as z from "zod";
import { fromJson, isoFrom } from "../platform/columns.ts";
import type { ArtifactTable } from "../platform/schema.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/** The artifacts of some releases; for one hardware type where it is given. */
export async function artifactsFor(
  db: TenantDb,
  releaseIds: readonly ReleaseId[],
  hardwareType: HardwareType | undefined,
  at: InstantMs,
): Promise<ReadonlyMap<ReleaseId, readonly ArtifactFacts[]>> {
  const artifacts = new Map<ReleaseId, ArtifactFacts[]>(releaseIds.map((id) => [id, []]));
  if (releaseIds.length === 0) return artifacts;
  const rows = await artifactRows(db)
    .where("artifact.release_id", "in", releaseIds)
    .$if(hardwareType !== undefined, (query) =>
      query.where((row) =>
        row.exists(
          row
            .selectFrom("artifact_fit as fit")
            .select("fit.artifact_id")
            .whereRef("fit.artifact_id", "=", "artifact.id")
            .whereRef("fit.release_id", "=", "artifact.release_id")
            .where("fit.tenant_id", "=", db.tenantId)
            .where("fit.hardware_type", "=", hardwareType!),
        ),
      ),
    )
    .orderBy("artifact.id")
    .execute();
  for (const row of rows) artifacts.get(row.release_id)?.push(artifactFrom(row, at));
  return artifacts;
}

export async function artifactById(
  db: TenantDb,
  artifactId: ArtifactId,
  at: InstantMs,
): Promise<ArtifactFacts | null> {
  const row = await artifactRows(db).where("artifact.id", "=", artifactId).executeTakeFirst();
  return row === undefined ? null : artifactFrom(row, at);
}

/** Artifacts with what offline keys signed of them and when that ends; null where they signed nothing. */
const artifactRows = (db: TenantDb) =>
  db.kysely
    .selectFrom("artifact")
    .leftJoin("trust_target", (join) =>
      join
        .onRef("trust_target.artifact_id", "=", "artifact.id")
        .on("trust_target.tenant_id", "=", db.tenantId),
    )
    .leftJoin("trust_role", (join) =>
      join
        .onRef("trust_role.role", "=", "trust_target.role")
        .on("trust_role.tenant_id", "=", db.tenantId),
    )
    .selectAll("artifact")
    .select((row) => [
      "trust_role.expires_at as channel_expires_at",
      "trust_target.security_counter",
      "trust_target.conflicts",
      "trust_target.min_agent",
      "trust_target.not_before",
      row
        .selectFrom("trust_role as above")
        .select((above) => above.fn.min("above.expires_at").as("ends"))
        .where("above.tenant_id", "=", db.tenantId)
        .where("above.role", "in", ["root", "targets", "snapshot", "timestamp"])
        .as("above_expires_at"),
    ])
    .where("artifact.tenant_id", "=", db.tenantId);

const HardwareTypes = z.array(HardwareType);
const Payloads = z.array(Payload);
const Names = z.array(z.string());

interface SignedColumns {
  readonly security_counter: number | null;
  readonly conflicts: string | null;
  readonly min_agent: string | null;
  readonly not_before: number | null;
}

interface SignedUntil {
  readonly channel_expires_at: number | null;
  readonly above_expires_at: number | string | bigint | null;
}

const artifactFrom = (
  row: Selectable<ArtifactTable> & SignedUntil & SignedColumns,
  at: InstantMs,
): ArtifactFacts => ({
  id: row.id,
  path: row.path,
  sha256: row.sha256,
  sizeBytes: row.size_bytes,
  hardwareTypes: HardwareTypes.parse(JSON.parse(row.hardware_types)),
  depends: Depends.parse(JSON.parse(row.depends)),
  provides: fromJson(Provides, row.provides),
  clearsProvides: Names.parse(JSON.parse(row.clears_provides)),
  payloads: Payloads.parse(JSON.parse(row.payloads)),
  trust: { state: trustStateOf(row, at) },
  terms: termsOf(row),
});

function termsOf(row: SignedColumns): SignedTerms | null {
  if (row.security_counter === null) return null;
  return {
    securityCounter: row.security_counter,
    conflicts: fromJson(Depends, row.conflicts ?? "{}"),
    minAgent: row.min_agent,
    notBefore:
      row.not_before === null
        ? null
        : { at: instant(row.not_before), text: isoFrom(row.not_before) },
  };
}

function trustStateOf(
  { channel_expires_at: channel, above_expires_at: above }: SignedUntil,
  at: InstantMs,
): ArtifactFacts["trust"]["state"] {
  if (channel === null || above === null) return "unsigned";
  return Math.min(channel, Number(above)) > at ? "published" : "expired";
}
