import { DatabaseSync } from "node:sqlite";
import type { AssignmentId, TenantId } from "@moult/model";
import * as z from "zod";

/** What the server's tables say a device shall install: a row of the view `signable_offer`, the signer's only window. */
export const SignableOffer = z.object({
  device_id: z.string(),
  deployment_id: z.string(),
  attempt: z.int(),
  version: z.string(),
  path: z.string(),
  sha256: z.string(),
  size_bytes: z.coerce.number().int(),
});
export type SignableOffer = z.infer<typeof SignableOffer>;

export interface OfferSource {
  find(tenantId: TenantId, assignmentId: AssignmentId): Promise<SignableOffer | undefined>;
  close(): Promise<void>;
}

const COLUMNS = "device_id, deployment_id, attempt, version, path, sha256, size_bytes";

/** Opens the server's database for reading; neither connection can write. */
export async function openOfferSource(databaseUrl: string): Promise<OfferSource> {
  return databaseUrl.startsWith("postgres")
    ? fromPostgres(databaseUrl)
    : fromSqlite(databaseUrl.replace(/^sqlite:/, ""));
}

function fromSqlite(path: string): OfferSource {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  const statement = database.prepare(
    `select ${COLUMNS} from signable_offer where tenant_id = ? and assignment_id = ?`,
  );
  return {
    find: async (tenantId, assignmentId) => rowOf(statement.get(tenantId, assignmentId)),
    close: async () => database.close(),
  };
}

async function fromPostgres(url: string): Promise<OfferSource> {
  const { Pool } = await import("pg");
  const pool = new Pool({
    connectionString: url,
    max: 4,
    application_name: "moult-signer",
    options: "-c default_transaction_read_only=on",
    statement_timeout: 5_000,
    connectionTimeoutMillis: 5_000,
  });
  // An idle connection that PostgreSQL closes is opened again by the next question.
  pool.on("error", () => undefined);
  return {
    find: async (tenantId, assignmentId) => {
      const { rows } = await pool.query<Record<string, unknown>>({
        name: "signable-offer",
        text: `select ${COLUMNS} from signable_offer where tenant_id = $1 and assignment_id = $2`,
        values: [tenantId, assignmentId],
      });
      return rowOf(rows[0]);
    },
    close: () => pool.end(),
  };
}

const rowOf = (row: unknown): SignableOffer | undefined =>
  row === undefined ? undefined : SignableOffer.parse(row);
