import { present } from "@moult/base";
import {
  Depends,
  HardwareType,
  Payload,
  Provides,
  type Artifact,
  type ArtifactId,
  type ArtifactTrust,
  type ChannelName,
  type ProductName,
  type Release,
  type ReleaseId,
  type ReleaseVersion,
  type Sha256,
} from "@moult/model";
import type { Kysely, Selectable } from "kysely";
import * as z from "zod";
import { fromJson, isoFrom } from "../platform/columns.ts";
import { pageFrom, type PageCursor } from "../platform/page-cursor.ts";
import type { ArtifactTable, ReleaseTable, Schema } from "../platform/schema.ts";
import { artifactTrust } from "../trust/index.ts";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

const HardwareTypes = z.array(HardwareType);
const Payloads = z.array(Payload);
const Names = z.array(z.string());

export interface ReleaseFilter {
  readonly product?: ProductName | undefined;
  readonly channel?: ChannelName | undefined;
  readonly version?: string | undefined;
}

/** A page of releases with their artifacts, newest first; two statements, however long it is. */
export async function releasePage(
  db: TenantDb,
  { product, channel, version }: ReleaseFilter,
  after: PageCursor | undefined,
  limit: number,
): Promise<{ items: Release[]; nextCursor: string | null }> {
  const rows = await db.kysely
    .selectFrom("release")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .$if(product !== undefined, (query) => query.where("product", "=", product!))
    .$if(channel !== undefined, (query) => query.where("channel", "=", channel!))
    .$if(version !== undefined, (query) =>
      query.where("version", "=", storableText(version!) as ReleaseVersion),
    )
    .$if(after !== undefined, (query) =>
      query.where((row) =>
        row(
          row.refTuple("created_at", "id"),
          "<",
          row.tuple(after!.sortedBy, after!.id as ReleaseId),
        ),
      ),
    )
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
  const artifacts = await artifactsOf(
    db,
    rows.map(({ id }) => id),
  );
  return pageFrom(
    rows,
    limit,
    (row) => releaseFrom(row, artifacts.get(row.id)),
    (row) => ({ sortedBy: row.created_at, id: row.id }),
  );
}

export async function releaseById(
  db: TenantDb,
  releaseId: ReleaseId,
): Promise<Release | undefined> {
  const row = await db.kysely
    .selectFrom("release")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", releaseId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const artifacts = await artifactsOf(db, [releaseId]);
  return releaseFrom(row, artifacts.get(releaseId));
}

/** Accepted devices that run an artifact of this name. */
export async function countRunning(
  db: TenantDb,
  product: ProductName,
  version: ReleaseVersion,
): Promise<number> {
  const row = await db.kysely
    .selectFrom("device")
    .select((device) => device.fn.countAll<number>().as("count"))
    .where("tenant_id", "=", db.tenantId)
    .where("product", "=", product)
    .where("running_artifact", "=", version)
    .where("state", "=", "accepted")
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** The release, made if it is not there, with its row held until the transaction ends. */
export async function ensureRelease(
  db: TenantDb,
  release: {
    readonly id: ReleaseId;
    readonly product: ProductName;
    readonly channel: ChannelName;
    readonly version: ReleaseVersion;
    readonly createdAt: number;
  },
): Promise<ReleaseId> {
  const { id } = await db.kysely
    .insertInto("release")
    .values({
      id: release.id,
      tenant_id: db.tenantId,
      product: release.product,
      channel: release.channel,
      version: release.version,
      notes: "",
      created_at: release.createdAt,
    })
    .onConflict((conflict) =>
      conflict
        .columns(["tenant_id", "product", "channel", "version"])
        .doUpdateSet((row) => ({ notes: row.ref("release.notes") })),
    )
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}

export interface HeldRelease {
  readonly product: ProductName;
  readonly channel: ChannelName;
  readonly version: ReleaseVersion;
}

/** What the release is, with its row held until the transaction ends. */
export async function lockRelease(
  db: TenantDb,
  releaseId: ReleaseId,
): Promise<HeldRelease | undefined> {
  return db.kysely
    .updateTable("release")
    .set((row) => ({ notes: row.ref("notes") }))
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", releaseId)
    .returning(["product", "channel", "version"])
    .executeTakeFirst();
}

export async function setNotes(db: TenantDb, releaseId: ReleaseId, notes: string): Promise<void> {
  await db.kysely
    .updateTable("release")
    .set({ notes: storableText(notes) })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", releaseId)
    .execute();
}

/** Deletes the release with its artifacts. */
export async function deleteReleaseRows(db: TenantDb, releaseId: ReleaseId): Promise<void> {
  await db.kysely
    .deleteFrom("artifact")
    .where("tenant_id", "=", db.tenantId)
    .where("release_id", "=", releaseId)
    .execute();
  await db.kysely
    .deleteFrom("release")
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", releaseId)
    .execute();
}

export async function deleteArtifactRow(db: TenantDb, artifactId: ArtifactId): Promise<void> {
  await db.kysely
    .deleteFrom("artifact")
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", artifactId)
    .execute();
}

export async function insertArtifact(
  db: TenantDb,
  releaseId: ReleaseId,
  artifact: Artifact,
  fitSha256: Sha256,
): Promise<void> {
  await db.kysely
    .insertInto("artifact")
    .values({
      id: artifact.id,
      tenant_id: db.tenantId,
      release_id: releaseId,
      path: artifact.path,
      sha256: artifact.sha256,
      size_bytes: artifact.sizeBytes,
      head_sha256: artifact.headSha256,
      hardware_types: JSON.stringify(artifact.hardwareTypes),
      depends: JSON.stringify(artifact.depends),
      provides: JSON.stringify(artifact.provides),
      clears_provides: JSON.stringify(artifact.clearsProvides),
      payloads: JSON.stringify(artifact.payloads),
      scripts: JSON.stringify(artifact.scripts),
      signature: artifact.signature,
      created_at: Date.parse(artifact.createdAt),
    })
    .execute();
  await db.kysely
    .insertInto("artifact_fit")
    .values(
      artifact.hardwareTypes.map((hardwareType) => ({
        tenant_id: db.tenantId,
        release_id: releaseId,
        hardware_type: hardwareType,
        depends_sha256: fitSha256,
        artifact_id: artifact.id,
      })),
    )
    .execute();
}

/** Which hardware types of the release have an artifact with this `fitDigest`, and which one. */
export async function fitsOf(
  db: TenantDb,
  releaseId: ReleaseId,
  fitSha256: Sha256,
): Promise<{ hardwareType: HardwareType; artifactId: ArtifactId }[]> {
  return db.kysely
    .selectFrom("artifact_fit")
    .select(["hardware_type as hardwareType", "artifact_id as artifactId"])
    .where("tenant_id", "=", db.tenantId)
    .where("release_id", "=", releaseId)
    .where("depends_sha256", "=", fitSha256)
    .execute();
}

/** Names of the unfinished deployments of the release, and of those that would take devices back to it. */
export async function unfinishedDeploymentsOf(
  db: TenantDb,
  product: ProductName,
  releaseId: ReleaseId,
): Promise<string[]> {
  const named = `%"${releaseId}"%`;
  const rollsBackTo = `%"rollBackTo":"${releaseId}"%`;
  const rows = await db.kysely
    .selectFrom("deployment")
    .select("name")
    .where("tenant_id", "=", db.tenantId)
    .where("product", "=", product)
    .where((row) =>
      row.or([
        row.and([
          row("state", "in", ["running", "paused", "tripped"]),
          row.or([row("release_id", "=", releaseId), row("plan", "like", rollsBackTo)]),
        ]),
        // Who still installs what it brought goes back to it.
        row.and([row("open", ">", 0), row("rollback_order", "like", named)]),
      ]),
    )
    .orderBy("number")
    .execute();
  return rows.map(({ name }) => name);
}

/** How many devices are in an update with one of the artifacts: those of an aborted deployment may still be finishing it. */
export async function countOpenAssignments(
  db: TenantDb,
  artifactIds: readonly ArtifactId[],
): Promise<number> {
  if (artifactIds.length === 0) return 0;
  const row = await db.kysely
    .selectFrom("assignment")
    .select((assignment) => assignment.fn.countAll<number>().as("count"))
    .where("tenant_id", "=", db.tenantId)
    .where("closed_at", "is", null)
    .where("artifact_id", "in", artifactIds)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

export async function artifactById(
  db: TenantDb,
  artifactId: ArtifactId,
): Promise<{ artifact: Artifact; releaseId: ReleaseId } | undefined> {
  const row = await db.kysely
    .selectFrom("artifact")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", artifactId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const trust = await artifactTrust(db, [row]);
  return { artifact: artifactFrom(row, trust), releaseId: row.release_id };
}

/** Artifacts of each release, the oldest first. */
async function artifactsOf(
  db: TenantDb,
  releaseIds: readonly ReleaseId[],
): Promise<Map<ReleaseId, Artifact[]>> {
  const artifacts = new Map<ReleaseId, Artifact[]>();
  if (releaseIds.length === 0) return artifacts;
  const rows = await db.kysely
    .selectFrom("artifact")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("release_id", "in", releaseIds)
    .orderBy("created_at")
    .orderBy("id")
    .execute();
  const trust = await artifactTrust(db, rows);
  for (const row of rows) {
    const siblings = artifacts.get(row.release_id);
    if (siblings === undefined) artifacts.set(row.release_id, [artifactFrom(row, trust)]);
    else siblings.push(artifactFrom(row, trust));
  }
  return artifacts;
}

/**
 * Which of the digests some artifact has, of whatever tenant: tenants share equal content, so this one question knows none.
 */
export async function referencedAmong(
  kysely: Kysely<Schema>,
  digests: readonly Sha256[],
): Promise<Set<string>> {
  if (digests.length === 0) return new Set();
  const rows = await kysely
    .selectFrom("artifact")
    .select("sha256")
    .distinct()
    .where("sha256", "in", digests)
    .execute();
  return new Set(rows.map(({ sha256 }) => sha256));
}

const releaseFrom = (row: Selectable<ReleaseTable>, artifacts: Artifact[] = []): Release => ({
  id: row.id,
  product: row.product,
  channel: row.channel,
  version: row.version,
  notes: row.notes,
  minimumFrom: row.minimum_from,
  mustPassThrough: row.must_pass_through === 1,
  artifacts,
  createdAt: isoFrom(row.created_at),
});

const artifactFrom = (
  row: Selectable<ArtifactTable>,
  trust: ReadonlyMap<ArtifactId, ArtifactTrust>,
): Artifact => ({
  id: row.id,
  path: row.path,
  sha256: row.sha256,
  sizeBytes: row.size_bytes,
  headSha256: row.head_sha256,
  hardwareTypes: fromJson(HardwareTypes, row.hardware_types),
  depends: fromJson(Depends, row.depends),
  provides: fromJson(Provides, row.provides),
  clearsProvides: fromJson(Names, row.clears_provides),
  payloads: fromJson(Payloads, row.payloads),
  scripts: fromJson(Names, row.scripts),
  signature: row.signature,
  trust: present(trust.get(row.id), "it was asked for"),
  createdAt: isoFrom(row.created_at),
});
