import type { ProductName } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import { namesOfProducts } from "./queries.ts";

/** For what is looked for product by product, along indexes that begin with it. */
export const productNames = (db: TenantDb): Promise<ProductName[]> => namesOfProducts(db);
