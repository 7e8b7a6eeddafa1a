import type {
  ArtifactId,
  OnlineFile,
  TrustProposalId,
  TrustRole,
  TrustWarning,
} from "@moult/model";
import { createHash } from "node:crypto";
import { channelOfRole, trustFileName, type Sha256 } from "@moult/model";
import type { TargetCustom } from "@moult/trust";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { KnownArtifact } from "./check-publishable.ts";

const AT_ONCE = 400;

/** A file that is about to be published. */
export interface StagedFile {
  readonly role: TrustRole;
  readonly version: number;
  readonly expiresAt: number;
  readonly content: string;
}

const rowOf = (
  db: TenantDb,
  { role, version, expiresAt, content }: StagedFile,
  at: number | null,
) => ({
  tenant_id: db.tenantId,
  role,
  version,
  file: trustFileName(role, version),
  content,
  sha256: createHash("sha256").update(content).digest("hex") as Sha256,
  size_bytes: Buffer.byteLength(content),
  expires_at: expiresAt,
  published_at: at,
});

/** False when another proposal has staged, or published, a version of the same role. */
export async function stage(db: TenantDb, files: readonly StagedFile[]): Promise<boolean> {
  const staged = await db.kysely
    .insertInto("trust_file")
    .values(files.map((file) => rowOf(db, file, null)))
    .onConflict((conflict) => conflict.columns(["tenant_id", "role", "version"]).doNothing())
    .returning("role")
    .execute();
  return staged.length === files.length;
}

/** Forgets what was staged and not published. */
export async function unstage(db: TenantDb, files: readonly StagedRole[]): Promise<void> {
  for (const { role, version } of files)
    await db.kysely
      .deleteFrom("trust_file")
      .where("tenant_id", "=", db.tenantId)
      .where("role", "=", role)
      .where("version", "=", version)
      .where("published_at", "is", null)
      .execute();
}

export interface StagedRole {
  readonly role: TrustRole;
  readonly version: number;
}

export async function countStaged(db: TenantDb): Promise<number> {
  const { count } = await db.kysely
    .selectFrom("trust_file")
    .select((row) => row.fn.countAll<number>().as("count"))
    .where("tenant_id", "=", db.tenantId)
    .where("published_at", "is", null)
    .executeTakeFirstOrThrow();
  return Number(count);
}

export async function publishStaged(
  db: TenantDb,
  files: readonly StagedRole[],
  at: number,
): Promise<void> {
  for (const { role, version } of files)
    await db.kysely
      .updateTable("trust_file")
      .set({ published_at: at })
      .where("tenant_id", "=", db.tenantId)
      .where("role", "=", role)
      .where("version", "=", version)
      .execute();
}

/** Published online metadata; false when this version, or a later one, is published already. */
export async function insertOnline(
  db: TenantDb,
  role: "snapshot" | "timestamp",
  { version, content, expiresAtMs }: OnlineFile,
  at: number,
): Promise<boolean> {
  const newest = await newestVersion(db, role);
  if (newest !== undefined && newest >= version) return false;
  const inserted = await db.kysely
    .insertInto("trust_file")
    .values(rowOf(db, { role, version, content, expiresAt: expiresAtMs }, at))
    .onConflict((conflict) => conflict.columns(["tenant_id", "role", "version"]).doNothing())
    .returning("role")
    .executeTakeFirst();
  return inserted !== undefined;
}

async function newestVersion(db: TenantDb, role: TrustRole): Promise<number | undefined> {
  const row = await db.kysely
    .selectFrom("trust_file")
    .select((file) => file.fn.max("version").as("version"))
    .where("tenant_id", "=", db.tenantId)
    .where("role", "=", role)
    .executeTakeFirst();
  return row?.version === null || row?.version === undefined ? undefined : Number(row.version);
}

/**
 * Forgets online metadata that no device asks for: the timestamp before the newest, and snapshots that were replaced so long
 * ago that no look at the repository that began with them still goes on.
 */
export async function pruneOnline(
  db: TenantDb,
  timestampVersion: number,
  snapshotsBefore: number,
): Promise<void> {
  const { kysely, tenantId } = db;
  await kysely
    .deleteFrom("trust_file")
    .where("tenant_id", "=", tenantId)
    .where("role", "=", "timestamp")
    .where("version", "<", timestampVersion)
    .execute();
  const newest = await newestVersion(db, "snapshot");
  await kysely
    .deleteFrom("trust_file")
    .where("tenant_id", "=", tenantId)
    .where("role", "=", "snapshot")
    .where("version", "<", newest ?? 0)
    .where("published_at", "<", snapshotsBefore)
    .execute();
}

export interface RoleRow {
  readonly role: TrustRole;
  readonly version: number;
  readonly expiresAt: number;
  readonly threshold: number;
  readonly keyids: readonly string[];
  readonly targetCount: number;
}

/** What is published of a role from now on; what was warned of is over. */
export async function putRole(db: TenantDb, role: RoleRow): Promise<void> {
  const channel = channelOfRole(role.role);
  await db.kysely
    .insertInto("trust_role")
    .values({
      tenant_id: db.tenantId,
      role: role.role,
      product: channel?.product ?? null,
      channel: channel?.channel ?? null,
      version: role.version,
      expires_at: role.expiresAt,
      threshold: role.threshold,
      keyids: JSON.stringify(role.keyids),
      target_count: role.targetCount,
      warned: null,
    })
    .onConflict((conflict) =>
      conflict.columns(["tenant_id", "role"]).doUpdateSet((row) => ({
        version: row.ref("excluded.version"),
        expires_at: row.ref("excluded.expires_at"),
        threshold: row.ref("excluded.threshold"),
        keyids: row.ref("excluded.keyids"),
        target_count: row.ref("excluded.target_count"),
        warned: null,
      })),
    )
    .execute();
}

/** Who signs a role, which the role above it says. */
export async function setSigners(
  db: TenantDb,
  role: TrustRole,
  { threshold, keyids }: Pick<RoleRow, "threshold" | "keyids">,
): Promise<void> {
  await db.kysely
    .updateTable("trust_role")
    .set({ threshold, keyids: JSON.stringify(keyids) })
    .where("tenant_id", "=", db.tenantId)
    .where("role", "=", role)
    .execute();
}

/** A target as it is listed, with what its signers say of it. */
export interface ListedTarget {
  readonly path: string;
  readonly artifactId: ArtifactId;
  readonly custom: Pick<TargetCustom, "securityCounter" | "conflicts" | "minAgent" | "notBefore">;
}

/** What a role lists from now on, in place of what it listed. */
export async function replaceTargets(
  db: TenantDb,
  { role, version }: StagedRole,
  targets: readonly ListedTarget[],
): Promise<void> {
  await db.kysely
    .deleteFrom("trust_target")
    .where("tenant_id", "=", db.tenantId)
    .where("role", "=", role)
    .execute();
  for (let at = 0; at < targets.length; at += AT_ONCE)
    await db.kysely
      .insertInto("trust_target")
      .values(
        targets.slice(at, at + AT_ONCE).map(({ path, artifactId, custom }) => ({
          tenant_id: db.tenantId,
          path,
          artifact_id: artifactId,
          role,
          role_version: version,
          security_counter: custom.securityCounter,
          conflicts: JSON.stringify(custom.conflicts),
          min_agent: custom.minAgent ?? null,
          not_before: custom.notBefore === undefined ? null : Date.parse(custom.notBefore),
        })),
      )
      .execute();
}

/** The tenant's artifacts under these paths. */
export async function artifactsUnder(
  db: TenantDb,
  paths: readonly string[],
): Promise<Map<string, KnownArtifact>> {
  const found = new Map<string, KnownArtifact>();
  // The name of each is its digest, which artifacts are found by.
  const digests = paths.flatMap((path) => /([0-9a-f]{64})\.mender$/.exec(path)?.[1] ?? []);
  for (let at = 0; at < digests.length; at += AT_ONCE) {
    const rows = await db.kysely
      .selectFrom("artifact")
      .innerJoin("release", "release.id", "artifact.release_id")
      .select([
        "artifact.id",
        "artifact.path",
        "artifact.sha256",
        "artifact.size_bytes as sizeBytes",
        "release.version",
      ])
      .where("artifact.tenant_id", "=", db.tenantId)
      .where("release.tenant_id", "=", db.tenantId)
      .where("artifact.sha256", "in", digests.slice(at, at + AT_ONCE) as Sha256[])
      .execute();
    for (const { path, ...artifact } of rows) found.set(path, artifact);
  }
  return found;
}

/** The newest file of a role, of those that are published or staged. */
export async function newestContent(db: TenantDb, role: TrustRole): Promise<string | undefined> {
  const row = await db.kysely
    .selectFrom("trust_file")
    .select("content")
    .where("tenant_id", "=", db.tenantId)
    .where("role", "=", role)
    .orderBy("version", "desc")
    .executeTakeFirst();
  return row?.content;
}

/** A file by its name, published or staged. */
export async function anyContent(db: TenantDb, file: string): Promise<string | undefined> {
  const row = await db.kysely
    .selectFrom("trust_file")
    .select("content")
    .where("tenant_id", "=", db.tenantId)
    .where("file", "=", file)
    .executeTakeFirst();
  return row?.content;
}

export async function publishingProposals(db: TenantDb): Promise<TrustProposalId[]> {
  const rows = await db.kysely
    .selectFrom("trust_proposal")
    .select("id")
    .where("tenant_id", "=", db.tenantId)
    .where("state", "=", "publishing")
    .execute();
  return rows.map(({ id }) => id);
}

/** Notes that this was said of the role's end; false when it was, by this server or another. */
export async function noteWarned(
  db: TenantDb,
  { role, version }: StagedRole,
  warning: TrustWarning,
): Promise<boolean> {
  const noted = await db.kysely
    .updateTable("trust_role")
    .set({ warned: warning })
    .where("tenant_id", "=", db.tenantId)
    .where("role", "=", role)
    .where("version", "=", version)
    .where((row) => row.or([row("warned", "is", null), row("warned", "!=", warning)]))
    .returning("role")
    .executeTakeFirst();
  return noted !== undefined;
}
