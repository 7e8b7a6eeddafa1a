import {
  DeviceIdentity,
  GroupId,
  type EnrolmentToken,
  type EnrolmentTokenId,
  type Preauthorisation,
  type PreauthorisationId,
  type ProductName,
  type Sha256,
} from "@moult/model";
import type { Selectable } from "kysely";
import * as z from "zod";
import { flagFrom, fromJson, isoFrom, isoOrNull } from "../platform/columns.ts";
import { pageFrom, type PageCursor } from "../platform/page-cursor.ts";
import type { EnrolmentTokenTable, PreauthorisationTable } from "../platform/schema.ts";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/**
 * Whether a token lets a device of the product in now. It is found by its digest: which of the stored digests was near
 * shows in no time that a caller could measure, and the table holds no secret.
 */
export async function usableToken(
  db: TenantDb,
  secretSha256: Sha256,
  product: ProductName,
  at: number,
): Promise<{ readonly id: EnrolmentTokenId; readonly accepts: boolean } | undefined> {
  const row = await db.kysely
    .selectFrom("enrolment_token")
    .select(["id", "accepts"])
    .where("tenant_id", "=", db.tenantId)
    .where("secret_sha256", "=", secretSha256)
    .where("product", "=", product)
    .where("expires_at", ">", at)
    .whereRef("uses", "<", "uses_max")
    .executeTakeFirst();
  return row === undefined ? undefined : { id: row.id, accepts: row.accepts === 1 };
}

/** The product that a token lets devices into now. */
export async function productOfToken(
  db: TenantDb,
  secretSha256: Sha256,
  at: number,
): Promise<ProductName | undefined> {
  const row = await db.kysely
    .selectFrom("enrolment_token")
    .select("product")
    .where("tenant_id", "=", db.tenantId)
    .where("secret_sha256", "=", secretSha256)
    .where("expires_at", ">", at)
    .whereRef("uses", "<", "uses_max")
    .executeTakeFirst();
  return row?.product;
}

/** Takes one use of a token; false when none is left, or it is gone. */
export async function chargeToken(db: TenantDb, tokenId: EnrolmentTokenId): Promise<boolean> {
  const charged = await db.kysely
    .updateTable("enrolment_token")
    .set((row) => ({ uses: row("uses", "+", 1) }))
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", tokenId)
    .whereRef("uses", "<", "uses_max")
    .returning("id")
    .executeTakeFirst();
  return charged !== undefined;
}

export async function insertToken(
  db: TenantDb,
  token: EnrolmentToken,
  secretSha256: Sha256,
): Promise<void> {
  await db.kysely
    .insertInto("enrolment_token")
    .values({
      id: token.id,
      tenant_id: db.tenantId,
      product: token.product,
      label: storableText(token.label),
      secret_sha256: secretSha256,
      accepts: flagFrom(token.accepts),
      uses_max: token.usesMax,
      uses: token.uses,
      expires_at: Date.parse(token.expiresAt),
      created_at: Date.parse(token.createdAt),
    })
    .execute();
}

/** Newest first. */
export async function tokensOf(db: TenantDb): Promise<EnrolmentToken[]> {
  const rows = await db.kysely
    .selectFrom("enrolment_token")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .execute();
  return rows.map(tokenFrom);
}

/** False when there is no such token. */
export async function deleteToken(db: TenantDb, tokenId: EnrolmentTokenId): Promise<boolean> {
  const deleted = await db.kysely
    .deleteFrom("enrolment_token")
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", tokenId)
    .returning("id")
    .executeTakeFirst();
  return deleted !== undefined;
}

/** The unused preauthorisation of a key. */
export async function openPreauthorisation(
  db: TenantDb,
  keyFingerprint: Sha256,
): Promise<Preauthorisation | undefined> {
  const row = await db.kysely
    .selectFrom("preauthorisation")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("key_fingerprint", "=", keyFingerprint)
    .where("used_at", "is", null)
    .executeTakeFirst();
  return row === undefined ? undefined : preauthorisationFrom(row);
}

/** False when it was used or withdrawn meanwhile. */
export async function usePreauthorisation(
  db: TenantDb,
  id: PreauthorisationId,
  at: number,
): Promise<boolean> {
  const used = await db.kysely
    .updateTable("preauthorisation")
    .set({ used_at: at })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", id)
    .where("used_at", "is", null)
    .returning("id")
    .executeTakeFirst();
  return used !== undefined;
}

/** False when the key has one already. */
export async function insertPreauthorisation(
  db: TenantDb,
  preauthorisation: Preauthorisation,
): Promise<boolean> {
  const { identity, name, groupIds } = preauthorisation;
  const inserted = await db.kysely
    .insertInto("preauthorisation")
    .values({
      id: preauthorisation.id,
      tenant_id: db.tenantId,
      product: preauthorisation.product,
      key_fingerprint: preauthorisation.keyFingerprint,
      identity: identity === null ? null : JSON.stringify(identity),
      name: name === null ? null : storableText(name),
      group_ids: groupIds.length === 0 ? null : JSON.stringify(groupIds),
      created_at: Date.parse(preauthorisation.createdAt),
      used_at: null,
    })
    .onConflict((conflict) => conflict.columns(["tenant_id", "key_fingerprint"]).doNothing())
    .returning("id")
    .executeTakeFirst();
  return inserted !== undefined;
}

export async function setPreauthorisedGroups(
  db: TenantDb,
  id: PreauthorisationId,
  groupIds: readonly GroupId[],
): Promise<void> {
  await db.kysely
    .updateTable("preauthorisation")
    .set({ group_ids: JSON.stringify(groupIds) })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", id)
    .execute();
}

/** Newest first. */
export async function preauthorisationPage(
  db: TenantDb,
  after: PageCursor | undefined,
  limit: number,
): Promise<{ items: Preauthorisation[]; nextCursor: string | null }> {
  const rows = await db.kysely
    .selectFrom("preauthorisation")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .$if(after !== undefined, (query) =>
      query.where((row) =>
        row(
          row.refTuple("created_at", "id"),
          "<",
          row.tuple(after!.sortedBy, after!.id as PreauthorisationId),
        ),
      ),
    )
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
  return pageFrom(rows, limit, preauthorisationFrom, (row) => ({
    sortedBy: row.created_at,
    id: row.id,
  }));
}

/** A used one stays as the record of why its device was let in. */
export async function deleteOpenPreauthorisation(
  db: TenantDb,
  id: PreauthorisationId,
): Promise<boolean> {
  const deleted = await db.kysely
    .deleteFrom("preauthorisation")
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", id)
    .where("used_at", "is", null)
    .returning("id")
    .executeTakeFirst();
  return deleted !== undefined;
}

const tokenFrom = (row: Selectable<EnrolmentTokenTable>): EnrolmentToken => ({
  id: row.id,
  product: row.product,
  label: row.label,
  accepts: row.accepts === 1,
  usesMax: row.uses_max,
  uses: row.uses,
  expiresAt: isoFrom(row.expires_at),
  createdAt: isoFrom(row.created_at),
});

const preauthorisationFrom = (row: Selectable<PreauthorisationTable>): Preauthorisation => ({
  id: row.id,
  product: row.product,
  keyFingerprint: row.key_fingerprint,
  identity: row.identity === null ? null : fromJson(DeviceIdentity, row.identity),
  name: row.name,
  groupIds: row.group_ids === null ? [] : fromJson(GroupIds, row.group_ids),
  createdAt: isoFrom(row.created_at),
  usedAt: isoOrNull(row.used_at),
});

const GroupIds = z.array(GroupId);
