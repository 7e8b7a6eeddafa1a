import { DatabaseSync } from "node:sqlite";
import type { AssignmentId, TenantId } from "@moult/model";
import * as z from "zod";
import type { FleetSizes } from "./share-cap.ts";
import type { TrustTables } from "./trust-tables.ts";

/** What the server's tables say a device shall install: a row of the view `signable_offer`. */
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
}

/** The signer's only windows into the server's tables: three views that it can read and not write. */
export interface SignerTables extends OfferSource, TrustTables, FleetSizes {
  close(): Promise<void>;
}

/** Answers one question; parameters are `?` in order, however the database writes them. */
type Ask = (name: string, text: string, values: readonly unknown[]) => Promise<unknown[]>;

const OFFER = `select device_id, deployment_id, attempt, version, path, sha256, size_bytes from signable_offer
  where tenant_id = ? and assignment_id = ?`;
const ACCEPTED = `select accepted from signable_fleet where tenant_id = ? and product = ?`;
const VERSIONS = `select role, max(version) as version from signable_trust_file where tenant_id = ?`;
const NEWEST = {
  any: `${VERSIONS} group by role`,
  published: `${VERSIONS} and published_at is not null group by role`,
} as const;
const PUBLISHED = `select max(version) as version from signable_trust_file
  where tenant_id = ? and role = ? and published_at is not null`;
const ANY = `select content from signable_trust_file where tenant_id = ? and role = ? and version = ?`;
const CONTENT = { any: ANY, published: `${ANY} and published_at is not null` } as const;

const RoleVersions = z.array(z.object({ role: z.string(), version: z.coerce.number().int() }));
const Version = z.array(z.object({ version: z.coerce.number().int().nullable() }));
const Accepted = z.array(z.object({ accepted: z.coerce.number().int() }));
const Content = z.array(z.object({ content: z.string() }));

/** Opens the server's database for reading; neither connection can write. */
export async function openSignerTables(databaseUrl: string): Promise<SignerTables> {
  const { ask, close } = databaseUrl.startsWith("postgres")
    ? await fromPostgres(databaseUrl)
    : fromSqlite(databaseUrl.replace(/^sqlite:/, ""));
  return {
    find: async (tenantId, assignmentId) => {
      const [row] = await ask("signable-offer", OFFER, [tenantId, assignmentId]);
      return row === undefined ? undefined : SignableOffer.parse(row);
    },
    acceptedDevices: async (tenantId, product) => {
      const rows = await ask("accepted-devices", ACCEPTED, [tenantId, product]);
      return Accepted.parse(rows)[0]?.accepted ?? 0;
    },
    newestVersions: async (tenantId, which) => {
      const rows = RoleVersions.parse(await ask(`newest-${which}`, NEWEST[which], [tenantId]));
      return new Map(rows.map(({ role, version }) => [role, version]));
    },
    publishedVersion: async (tenantId, role) => {
      const [row] = Version.parse(await ask("published-version", PUBLISHED, [tenantId, role]));
      return row?.version ?? undefined;
    },
    content: async (tenantId, role, version, which) => {
      const rows = await ask(`content-${which}`, CONTENT[which], [tenantId, role, version]);
      return Content.parse(rows)[0]?.content;
    },
    close,
  };
}

interface Opened {
  readonly ask: Ask;
  readonly close: () => Promise<void>;
}

function fromSqlite(path: string): Opened {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  const prepared = new Map<string, ReturnType<DatabaseSync["prepare"]>>();
  return {
    ask: async (name, text, values) => {
      const statement = prepared.get(name) ?? database.prepare(text);
      prepared.set(name, statement);
      return statement.all(...(values as (string | number)[]));
    },
    close: async () => database.close(),
  };
}

async function fromPostgres(url: string): Promise<Opened> {
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
    ask: async (name, question, values) => {
      let count = 0;
      const text = question.replaceAll("?", () => `$${(count += 1)}`);
      const { rows } = await pool.query<Record<string, unknown>>({
        name,
        text,
        values: [...values],
      });
      return rows;
    },
    close: () => pool.end(),
  };
}
