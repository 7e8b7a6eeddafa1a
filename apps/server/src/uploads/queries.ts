import { Problem } from "@moult/api";
import type { InstantMs } from "@moult/base";
import type { ArtifactId, ReleaseId, TenantId, UploadId, UserId } from "@moult/model";
import type { Kysely } from "kysely";
import { flagFrom, fromJson } from "../platform/columns.ts";
import type { Schema, UploadTable } from "../platform/schema.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/** A row with its problem parsed. */
export type StoredUpload = Omit<UploadTable, "problem"> & { readonly problem: Problem | null };

const storedFrom = (row: UploadTable): StoredUpload => ({
  ...row,
  problem: row.problem === null ? null : fromJson(Problem, row.problem),
});

const LISTED_MAX = 200;

export async function insertUpload(db: TenantDb, row: UploadTable): Promise<void> {
  await db.kysely.insertInto("upload").values(row).execute();
}

/** One that `userId` began. */
export async function uploadOf(
  db: TenantDb,
  userId: UserId,
  id: UploadId,
): Promise<StoredUpload | undefined> {
  const row = await uploads(db)
    .where("user_id", "=", userId)
    .where("id", "=", id)
    .executeTakeFirst();
  return row && storedFrom(row);
}

/** Whoever began it: for the server's own work. */
export async function uploadById(db: TenantDb, id: UploadId): Promise<StoredUpload | undefined> {
  const row = await uploads(db).where("id", "=", id).executeTakeFirst();
  return row && storedFrom(row);
}

export async function uploadsOf(db: TenantDb, userId: UserId): Promise<StoredUpload[]> {
  const rows = await uploads(db)
    .where("user_id", "=", userId)
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(LISTED_MAX)
    .execute();
  return rows.map(storedFrom);
}

const uploads = (db: TenantDb) =>
  db.kysely.selectFrom("upload").selectAll().where("tenant_id", "=", db.tenantId);

/** What of all tenants' uploads may still need room, and how many of them are this person's. */
export async function unfinishedUploads(
  kysely: Kysely<Schema>,
  tenantId: TenantId,
  userId: UserId,
): Promise<{ readonly bytes: number; readonly ofPerson: number }> {
  const unfinished = await kysely
    .selectFrom("upload")
    .select(["tenant_id", "user_id", "size_bytes"])
    .where("state", "in", ["uploading", "verifying"])
    .execute();
  return {
    bytes: unfinished.reduce((sum, { size_bytes }) => sum + size_bytes, 0),
    ofPerson: unfinished.filter((row) => row.tenant_id === tenantId && row.user_id === userId)
      .length,
  };
}

/** False when it is not being uploaded any more. */
export async function recordReceived(
  db: TenantDb,
  id: UploadId,
  receivedBytes: number,
  expiresAt: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db.kysely
    .updateTable("upload")
    .set({ received_bytes: receivedBytes, expires_at: expiresAt })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", id)
    .where("state", "=", "uploading")
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** From one state to the next; false when it is not in the first. */
export async function moveUpload(
  db: TenantDb,
  id: UploadId,
  from: UploadTable["state"],
  to: Partial<Pick<UploadTable, "state" | "expires_at">> & {
    readonly problem?: Problem | null;
    readonly result?: {
      readonly releaseId: ReleaseId;
      readonly artifactId: ArtifactId;
      readonly created: boolean;
    };
  },
): Promise<boolean> {
  const { problem, result, ...columns } = to;
  const { numUpdatedRows } = await db.kysely
    .updateTable("upload")
    .set({
      ...columns,
      ...(problem === undefined
        ? {}
        : { problem: problem === null ? null : JSON.stringify(problem) }),
      ...(result === undefined
        ? {}
        : {
            release_id: result.releaseId,
            artifact_id: result.artifactId,
            created: flagFrom(result.created),
          }),
    })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", id)
    .where("state", "=", from)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** False when there is none in one of these states. */
export async function deleteUpload(
  db: TenantDb,
  id: UploadId,
  states: readonly UploadTable["state"][],
): Promise<boolean> {
  const { numDeletedRows } = await db.kysely
    .deleteFrom("upload")
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", id)
    .where("state", "in", states)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

export interface UploadPlace {
  readonly id: UploadId;
  readonly tenantId: TenantId;
}

const places = (kysely: Kysely<Schema>) =>
  kysely.selectFrom("upload").select(["id", "tenant_id as tenantId"]);

/** Of all tenants, the oldest first: what a start goes on with. */
export const verifyingUploads = (kysely: Kysely<Schema>): Promise<UploadPlace[]> =>
  places(kysely).where("state", "=", "verifying").orderBy("created_at").orderBy("id").execute();

/** Of all tenants: what time has run out for. One that is being verified is left to its verification. */
export const expiredUploads = (kysely: Kysely<Schema>, now: InstantMs): Promise<UploadPlace[]> =>
  places(kysely)
    .where("state", "in", ["uploading", "finished", "refused"])
    .where("expires_at", "<=", now)
    .execute();

/** Of all tenants: those whose bytes are still needed. */
export async function unfinishedIds(kysely: Kysely<Schema>): Promise<ReadonlySet<string>> {
  const rows = await kysely
    .selectFrom("upload")
    .select("id")
    .where("state", "in", ["uploading", "verifying"])
    .execute();
  return new Set(rows.map(({ id }) => id));
}
