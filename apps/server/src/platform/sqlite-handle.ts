import {
  DatabaseSync,
  type SQLInputValue,
  type SQLOutputValue,
  type StatementSync,
} from "node:sqlite";
import { InvariantError, assert } from "@moult/base";
import type { CompiledQuery, QueryResult } from "kysely";

/**
 * How many prepared statements a connection keeps. The server's own questions are a few hundred; those with a list of
 * values have one text per length of the list, so the rarest are let go.
 */
const STATEMENTS_MAX = 500;
/** Longer texts carry long lists of values and hardly come again. */
const CACHED_TEXT_LENGTH_MAX = 4_096;
/** Another process (a backup) may hold the file for a moment; waiting blocks this process, so it is short. */
const BUSY_TIMEOUT_MS = 5_000;

interface Prepared {
  readonly statement: StatementSync;
  readonly givesRows: boolean;
}

/** One connection to the SQLite file, with its prepared statements. Everything on it is synchronous. */
export interface SqliteHandle {
  execute<R>(query: Pick<CompiledQuery, "sql" | "parameters">): QueryResult<R>;
  /** Statements without parameters and rows: `begin`, `pragma`, ... */
  run(sql: string): void;
  prepare(sql: string): StatementSync;
  readonly isTransaction: boolean;
  close(): void;
}

/** `beforeEach` is told before each statement runs. */
export function openSqliteHandle(
  path: string,
  mode: "read" | "write",
  beforeEach: () => void = () => undefined,
): SqliteHandle {
  const database = new DatabaseSync(path, { readOnly: mode === "read", timeout: BUSY_TIMEOUT_MS });
  // SQLite's own knows the letters of ASCII alone; PostgreSQL's knows all, and so do texts that are looked for.
  database.function("lower", { deterministic: true }, lowerCase);
  if (mode === "write")
    // FULL: a commit is on the disk before it returns, which WAL alone does not promise.
    database.exec("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on");

  const prepared = new Map<string, Prepared>();
  const prepare = (sql: string): Prepared => {
    const known = prepared.get(sql);
    if (known !== undefined) {
      // The oldest entry of the map is the one that was not used for longest.
      prepared.delete(sql);
      prepared.set(sql, known);
      return known;
    }
    const statement = database.prepare(sql);
    const entry = { statement, givesRows: statement.columns().length > 0 };
    if (sql.length > CACHED_TEXT_LENGTH_MAX) return entry;
    prepared.set(sql, entry);
    const oldest = prepared.size > STATEMENTS_MAX ? prepared.keys().next().value : undefined;
    if (oldest !== undefined) prepared.delete(oldest);
    return entry;
  };

  return {
    execute: <R>({ sql, parameters }: Pick<CompiledQuery, "sql" | "parameters">) => {
      const { statement, givesRows } = prepare(sql);
      const values = parameters.map(sqliteValue);
      beforeEach();
      if (givesRows) return { rows: statement.all(...values) as R[] };
      const { changes } = statement.run(...values);
      return { rows: [], numAffectedRows: BigInt(changes) };
    },
    run: (sql) => {
      beforeEach();
      database.exec(sql);
    },
    prepare: (sql) => database.prepare(sql),
    get isTransaction() {
      return database.isTransaction;
    },
    close: () => {
      prepared.clear();
      if (database.isOpen) database.close();
    },
  };
}

const lowerCase = (value: SQLOutputValue): SQLOutputValue =>
  typeof value === "string" ? value.toLowerCase() : value;

/** Columns are text, bigint and integer; whoever binds anything else forgot to encode it (platform/columns.ts). */
export function sqliteValue(value: unknown): SQLInputValue {
  if (typeof value === "string" || value === null || value instanceof Uint8Array) return value;
  if (typeof value === "bigint") return value;
  if (typeof value === "number") {
    assert(Number.isFinite(value), "a bound number is finite");
    return value;
  }
  throw new InvariantError(`a ${typeof value} was bound to an SQL parameter`);
}
