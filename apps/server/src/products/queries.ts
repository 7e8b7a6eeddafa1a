import type { Product, ProductName } from "@moult/model";
import type { Selectable } from "kysely";
import * as z from "zod";
import { flagFrom, fromJson, isoFrom } from "../platform/columns.ts";
import type { ProductTable } from "../platform/schema.ts";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

const Pems = z.array(z.string());

/** What of a product can be changed. */
export type ProductSettings = Pick<Product, "title" | "requireSignature" | "artifactKeys">;

export async function productsOf(db: TenantDb): Promise<Product[]> {
  const rows = await db.kysely
    .selectFrom("product")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .orderBy("name")
    .execute();
  return rows.map(productFrom);
}

export async function namesOfProducts(db: TenantDb): Promise<ProductName[]> {
  const rows = await db.kysely
    .selectFrom("product")
    .select("name")
    .where("tenant_id", "=", db.tenantId)
    .orderBy("name")
    .execute();
  return rows.map(({ name }) => name);
}

export async function productNamed(db: TenantDb, name: ProductName): Promise<Product | undefined> {
  const row = await db.kysely
    .selectFrom("product")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("name", "=", name)
    .executeTakeFirst();
  return row === undefined ? undefined : productFrom(row);
}

/** False when the tenant has a product of that name. */
export async function insertProduct(
  db: TenantDb,
  name: ProductName,
  settings: ProductSettings,
  createdAt: number,
): Promise<boolean> {
  const inserted = await db.kysely
    .insertInto("product")
    .values({ tenant_id: db.tenantId, name, created_at: createdAt, ...columnsOf(settings) })
    .onConflict((conflict) => conflict.columns(["tenant_id", "name"]).doNothing())
    .returning("name")
    .executeTakeFirst();
  return inserted !== undefined;
}

export async function updateProduct(
  db: TenantDb,
  name: ProductName,
  settings: ProductSettings,
): Promise<void> {
  await db.kysely
    .updateTable("product")
    .set(columnsOf(settings))
    .where("tenant_id", "=", db.tenantId)
    .where("name", "=", name)
    .execute();
}

/**
 * Takes the product's row until the transaction ends, so that whoever does the same comes one after the other, on both
 * dialects. False when there is no such product.
 */
export async function lockProduct(db: TenantDb, name: ProductName): Promise<boolean> {
  const locked = await db.kysely
    .updateTable("product")
    .set((row) => ({ title: row.ref("title") }))
    .where("tenant_id", "=", db.tenantId)
    .where("name", "=", name)
    .returning("name")
    .executeTakeFirst();
  return locked !== undefined;
}

const columnsOf = ({ title, requireSignature, artifactKeys }: ProductSettings) => ({
  title: storableText(title),
  require_signature: flagFrom(requireSignature),
  artifact_keys: JSON.stringify(artifactKeys),
});

const productFrom = (row: Selectable<ProductTable>): Product => ({
  name: row.name,
  title: row.title,
  requireSignature: row.require_signature === 1,
  artifactKeys: fromJson(Pems, row.artifact_keys),
  createdAt: isoFrom(row.created_at),
});
