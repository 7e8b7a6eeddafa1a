import type { TenantId } from "@moult/model";
import type { Kysely } from "kysely";
import type { Dialect } from "./dialect.ts";
import type { Schema } from "./schema.ts";

declare const scoped: unique symbol;

/**
 * The database as one tenant sees it. Every query takes this and filters by `tenantId`; `platform/database.ts` is the only
 * place that makes one, so a query without a tenant cannot be written.
 */
export interface TenantDb {
  readonly [scoped]: true;
  readonly tenantId: TenantId;
  /** For `platform/`, where the differences live; queries are the same on both. */
  readonly dialect: Dialect;
  /** Outside a transaction: reads. Inside: everything, on the transaction's connection. */
  readonly kysely: Kysely<Schema>;
  /**
   * Runs `work` in one transaction and gives it a handle of its own; short, and without waiting for network or files.
   * It runs again when another transaction was to blame for its end (a deadlock, a shared commit that failed), so it has no
   * effects beside the database's. Using the outer handle inside `work` is an invariant error (it would wait for ever, or read past the transaction).
   */
  transaction<T>(work: (db: TenantDb) => Promise<T>): Promise<T>;
}
