import {
  TrustMetadata,
  trustFileName,
  type ChannelName,
  type ProductName,
  type Sha256,
  type TrustFile,
  type TrustRole,
  type TrustWarning,
} from "@moult/model";
import type { Selectable } from "kysely";
import * as z from "zod";
import { fromJson, isoFrom } from "../platform/columns.ts";
import type { TrustRoleTable } from "../platform/trust-schema.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

const KeyIds = z.array(z.string());

/** What is published of a role now. */
export interface PublishedRole {
  readonly role: TrustRole;
  readonly product: ProductName | null;
  readonly channel: ChannelName | null;
  readonly version: number;
  readonly expiresAt: number;
  readonly threshold: number;
  readonly keyids: readonly string[];
  readonly targetCount: number;
  readonly warned: TrustWarning | null;
}

export async function publishedRoles(db: TenantDb): Promise<PublishedRole[]> {
  const rows = await db.kysely
    .selectFrom("trust_role")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .orderBy("role")
    .execute();
  return rows.map(roleFrom);
}

/** Every file that is published, by role and version. */
export async function publishedFiles(db: TenantDb): Promise<TrustFile[]> {
  const rows = await db.kysely
    .selectFrom("trust_file")
    .select(["file", "role", "version", "size_bytes", "sha256", "expires_at", "published_at"])
    .where("tenant_id", "=", db.tenantId)
    .where("published_at", "is not", null)
    .orderBy("role")
    .orderBy("version")
    .execute();
  return rows.map((row) => ({
    file: row.file,
    role: row.role,
    version: row.version,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    expiresAt: isoFrom(row.expires_at),
    publishedAt: isoFrom(row.published_at ?? 0),
  }));
}

/** A published file's bytes as they were signed. */
export interface FileContent {
  readonly content: string;
  readonly sha256: Sha256;
}

export async function publishedContent(
  db: TenantDb,
  file: string,
): Promise<FileContent | undefined> {
  return (
    db.kysely
      .selectFrom("trust_file")
      .select(["content", "sha256"])
      .where("tenant_id", "=", db.tenantId)
      .where("file", "=", file)
      .where("published_at", "is not", null)
      // Two versions of the timestamp have one name.
      .orderBy("version", "desc")
      .executeTakeFirst()
  );
}

const Envelope = z.object({ signed: TrustMetadata.shape.signed });

/** What the newest published file of a role says; undefined while there is none. */
export async function signedInForce(
  db: TenantDb,
  role: TrustRole,
): Promise<TrustMetadata["signed"] | undefined> {
  const row = await db.kysely
    .selectFrom("trust_file")
    .select("content")
    .where("tenant_id", "=", db.tenantId)
    .where("role", "=", role)
    .where("published_at", "is not", null)
    .orderBy("version", "desc")
    .executeTakeFirst();
  return row === undefined ? undefined : fromJson(Envelope, row.content).signed;
}

/** Published files by name: every root and targets, and these versions of these roles. */
export async function filesForEvidence(
  db: TenantDb,
  roles: readonly { readonly role: TrustRole; readonly version: number }[],
): Promise<[file: string, content: string][]> {
  const names = [...new Set(roles.map(({ role, version }) => trustFileName(role, version)))];
  const rows = await db.kysely
    .selectFrom("trust_file")
    .select(["file", "content"])
    .where("tenant_id", "=", db.tenantId)
    .where("published_at", "is not", null)
    .where((row) =>
      row.or([
        row("role", "in", ["root", "targets"]),
        ...(names.length === 0 ? [] : [row("file", "in", names)]),
      ]),
    )
    .orderBy("role")
    .orderBy("version")
    .execute();
  return rows.map(({ file, content }) => [file, content]);
}

const roleFrom = (row: Selectable<TrustRoleTable>): PublishedRole => ({
  role: row.role,
  product: row.product,
  channel: row.channel,
  version: row.version,
  expiresAt: row.expires_at,
  threshold: row.threshold,
  keyids: fromJson(KeyIds, row.keyids),
  targetCount: row.target_count,
  warned: row.warned,
});
