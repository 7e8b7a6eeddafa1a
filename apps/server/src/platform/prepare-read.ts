import { assert, present } from "@moult/base";
import type { TenantId } from "@moult/model";
import type { Compilable, Kysely } from "kysely";
import type { Pool } from "pg";
import type { Schema } from "./schema.ts";
import { sqliteValue, type SqliteHandle } from "./sqlite-handle.ts";
import type { TenantDb } from "./tenant-db.ts";
import { guardOutside } from "./transaction-guard.ts";
import type { TurnView } from "./turn-view.ts";

type Values = Readonly<Record<string, string | number | null>>;

/** Asks the prepared question; undefined when no row answers. `await` it: only SQLite answers at once. */
export type PreparedRead<Given extends Values, Row> = (
  db: TenantDb,
  values: Given,
) => Row | undefined | Promise<Row | undefined>;

/**
 * Compiles one question that gives at most one row, once, for a path where building the query anew costs more than
 * asking it. `value(name)` stands for a value given later; `value("tenantId")` must be among the conditions and is filled in
 * from the handle. Not for use inside a transaction.
 */
export type PrepareRead = <Given extends Values, Row>(
  build: (
    kysely: Kysely<Schema>,
    value: <Name extends keyof Given | "tenantId">(
      name: Name,
    ) => Name extends "tenantId" ? TenantId : Given[Name & keyof Given],
  ) => Compilable<Row>,
) => PreparedRead<Given, Row>;

class Placeholder {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** How a driver asks one compiled text. */
type Ask = (sql: string) => (values: readonly unknown[]) => unknown;

const readsThrough =
  (kysely: Kysely<Schema>, ask: Ask): PrepareRead =>
  (build) => {
    const { sql, parameters } = build(
      kysely,
      (name) => new Placeholder(String(name)) as never,
    ).compile();
    assert(
      parameters.some((value) => value instanceof Placeholder && value.name === "tenantId"),
      "a prepared read is limited to one tenant",
    );
    const read = ask(sql);
    return (db, values) => {
      guardOutside();
      const bound = parameters.map((parameter) => {
        if (!(parameter instanceof Placeholder)) return parameter;
        if (parameter.name === "tenantId") return db.tenantId;
        const value = values[parameter.name];
        assert(value !== undefined, "every value of a prepared read is given");
        return value;
      });
      return read(bound) as never;
    };
  };

export function sqliteReads(
  kysely: Kysely<Schema>,
  handle: SqliteHandle,
  view: TurnView,
): PrepareRead {
  return readsThrough(kysely, (sql) => {
    const statement = handle.prepare(sql);
    return (values) => {
      const bound = values.map(sqliteValue);
      view.hold();
      return statement.get(...bound);
    };
  });
}

export function postgresReads(kysely: Kysely<Schema>, pool: Pool): PrepareRead {
  let count = 0;
  return readsThrough(kysely, (text) => {
    count += 1;
    const name = `read-${count}`;
    return async (values) => {
      const { rows } = await pool.query<Record<string, unknown>>({
        name,
        text,
        values: [...values],
      });
      assert(rows.length <= 1, "a prepared read gives at most one row");
      return rows.length === 0 ? undefined : present(rows[0], "the row");
    };
  });
}
