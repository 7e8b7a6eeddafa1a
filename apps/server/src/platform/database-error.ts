import { AppError } from "@moult/base";

/** What the database itself refuses; a broken rule of the schema (a taken name, ...) is not among them. */
export class DatabaseError extends AppError<
  | "database-newer"
  | "database-unreachable"
  | "database-write-lost"
  | "database-group-lost"
  | "database-number-too-large"
  | "migration-failed"
> {}

const SQLITE_FULL = 13;
const SQLITE_CONSTRAINT_UNIQUE = 2067;
const SQLITE_CONSTRAINT_PRIMARYKEY = 1555;
const POSTGRES_UNIQUE_VIOLATION = "23505";
/** Serialization failure and deadlock: PostgreSQL undid the transaction and asks to try again. */
const POSTGRES_TRY_AGAIN = new Set(["40001", "40P01"]);
const POSTGRES_DISK_FULL = "53100";
/** The server is starting, stopping or out of connections; class 08 is a lost connection. */
const POSTGRES_AWAY = /^(?:08|53300|57P0)/;
const SOCKET_AWAY = new Set(["ECONNREFUSED", "ECONNRESET", "ENOENT", "ETIMEDOUT", "EPIPE"]);

interface DriverError {
  readonly code?: unknown;
  readonly errcode?: unknown;
}

const isDriverError = (error: unknown): error is Error & DriverError => error instanceof Error;

/** Whether a statement failed because a row with that key exists. */
export function isUniqueViolation(error: unknown): boolean {
  if (!isDriverError(error)) return false;
  return (
    error.code === POSTGRES_UNIQUE_VIOLATION ||
    error.errcode === SQLITE_CONSTRAINT_UNIQUE ||
    error.errcode === SQLITE_CONSTRAINT_PRIMARYKEY
  );
}

/** Whether running the whole transaction again may succeed. */
export function isWorthRetrying(error: unknown): boolean {
  // Undone for the fault of a transaction beside it.
  if (error instanceof DatabaseError) return error.code === "database-group-lost";
  return (
    isDriverError(error) && typeof error.code === "string" && POSTGRES_TRY_AGAIN.has(error.code)
  );
}

/** What of a driver's error a caller can be told, when it is the machine's fault and not a bug. */
export function machineFaultOf(error: unknown): "disk-full" | "unavailable" | undefined {
  if (error instanceof DatabaseError) return machineFaultOf(error.cause);
  if (!isDriverError(error)) return undefined;
  if (error.errcode === SQLITE_FULL || error.code === POSTGRES_DISK_FULL) return "disk-full";
  if (typeof error.code !== "string") return lostConnection(error);
  return POSTGRES_AWAY.test(error.code) || SOCKET_AWAY.has(error.code)
    ? "unavailable"
    : lostConnection(error);
}

/** node-postgres gives these two no code. */
const lostConnection = (error: Error): "unavailable" | undefined =>
  /^Connection terminated|^timeout exceeded when trying to connect/.test(error.message)
    ? "unavailable"
    : undefined;
