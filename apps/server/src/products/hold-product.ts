import type { ProductName } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import { lockProduct } from "./queries.ts";

/**
 * Holds the product until the transaction ends: a second transaction that holds it waits, and then sees what the first
 * one did. False when the tenant has no such product. Enrolments of one product go through here one after the other, which
 * makes their caps and uniqueness exact with any number of server replicas.
 */
export function holdProduct(db: TenantDb, product: ProductName): Promise<boolean> {
  return lockProduct(db, product);
}
