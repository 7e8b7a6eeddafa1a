import { DatabaseSync } from "node:sqlite";
import { Client } from "pg";

/** A test's own way to a server's database, beside the server. Texts are written with `?` for both. */
export interface ServerSql {
  run(sql: string, ...values: readonly (string | number)[]): Promise<void>;
  rows(
    sql: string,
    ...values: readonly (string | number)[]
  ): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Tables whose rows belong to a tenant. */
  tenantTables(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export function sqliteServerSql(path: string): ServerSql {
  const database = new DatabaseSync(path, { timeout: 10_000 });
  const rows: ServerSql["rows"] = async (sql, ...values) => database.prepare(sql).all(...values);
  return {
    run: async (sql, ...values) => void database.prepare(sql).run(...values),
    rows,
    tenantTables: async () => {
      const found = await rows(`
        select t.name as name from sqlite_schema as t
        where t.type = 'table'
          and exists (select 1 from pragma_table_info(t.name) as c where c.name = 'tenant_id')
        order by 1`);
      return found.map(({ name }) => String(name));
    },
    close: async () => database.close(),
  };
}

export async function postgresServerSql(url: string): Promise<ServerSql> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const rows: ServerSql["rows"] = async (sql, ...values) => {
    let count = 0;
    const text = sql.replaceAll("?", () => `$${(count += 1)}`);
    return (await client.query<Record<string, unknown>>(text, [...values])).rows;
  };
  return {
    run: async (sql, ...values) => void (await rows(sql, ...values)),
    rows,
    tenantTables: async () => {
      const found = await rows(`
        select c.table_name as name from information_schema.columns c
        join information_schema.tables t on t.table_name = c.table_name and t.table_schema = c.table_schema
        where c.column_name = 'tenant_id' and c.table_schema = 'public' and t.table_type = 'BASE TABLE'
        order by 1`);
      return found.map(({ name }) => String(name));
    },
    close: () => client.end(),
  };
}
