import { sql } from "kysely";
import type { Database } from "../platform/database.ts";

/** The tables as the database has them, as text that is the same wherever the migrations ran. */
export function schemaDump(database: Database): Promise<string> {
  return database.dialect === "sqlite" ? sqliteDump(database) : postgresDump(database);
}

async function sqliteDump({ system }: Database): Promise<string> {
  const { rows } = await sql<{ sql: string }>`
    select sql from sqlite_schema where sql is not null and name not like 'sqlite_%'
    order by tbl_name, case type when 'table' then 0 when 'view' then 1 else 2 end, name`.execute(
    system.kysely,
  );
  return `${rows.map((row) => `${row.sql.replace(/\n\s+/g, "\n  ")};`).join("\n")}\n`;
}

async function postgresDump({ system }: Database): Promise<string> {
  const { rows } = await sql<{ line: string }>`
    select line from (
      select table_name as relation, 0 as part, ordinal_position::text || ' ' || table_name as place,
        'table ' || table_name || ' column ' || column_name || ' ' || data_type ||
        case is_nullable when 'NO' then ' not null' else '' end ||
        coalesce(' default ' || column_default, '') ||
        case is_identity when 'YES' then ' identity ' || identity_generation else '' end as line,
        ordinal_position as number
      from information_schema.columns
      where table_schema = 'public'
        and table_name not in (select viewname from pg_views where schemaname = 'public')
      union all
      select conrelid::regclass::text, 1, conname,
        'table ' || conrelid::regclass::text || ' constraint ' || conname || ' ' || pg_get_constraintdef(oid), 0
      from pg_constraint where connamespace = 'public'::regnamespace and contype in ('p', 'u', 'f', 'c')
      union all
      select tablename, 2, indexname, indexdef, 0 from pg_indexes
      where schemaname = 'public' and indexname not in (select conname from pg_constraint)
      union all
      select viewname, 3, viewname, 'view ' || viewname || ' as ' || regexp_replace(definition, '\\s+', ' ', 'g'), 0
      from pg_views where schemaname = 'public'
    ) as lines order by relation collate "C", part, number, place collate "C"`.execute(
    system.kysely,
  );
  return `${rows.map((row) => row.line).join("\n")}\n`;
}
