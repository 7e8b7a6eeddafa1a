import { Pool, types } from "pg";
import { DatabaseError } from "./database-error.ts";

/** A statement that takes longer is a bug or an attack on a list; the check-in path needs milliseconds. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** A transaction contains no network or file wait, so one that idles was lost. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 30_000;
export const CONNECT_TIMEOUT_MS = 10_000;

const INT8 = 20;
const NUMERIC = 1700;

/** bigint columns, counts (int8) and sums of them (numeric) are numbers here, as on SQLite; too large ones are refused. */
function numberOf(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    throw new DatabaseError("database-number-too-large", { text });
  return value;
}

export interface PostgresOptions {
  readonly url: string;
  readonly connectionsMax: number;
}

/** Connections to PostgreSQL; those of one pool all read numbers the way this server's columns need. */
export function openPostgresPool(
  { url, connectionsMax }: PostgresOptions,
  onIdleError: (error: Error) => void,
): Pool {
  const pool = new Pool({
    connectionString: url,
    max: connectionsMax,
    application_name: "moult-server",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
    types: {
      getTypeParser: ((id: number, format?: "text" | "binary") =>
        id === INT8 || id === NUMERIC
          ? numberOf
          : types.getTypeParser(id, format as "text")) as typeof types.getTypeParser,
    },
  });
  // Without a listener, an idle connection that PostgreSQL closes would end the process.
  pool.on("error", onIdleError);
  return pool;
}
