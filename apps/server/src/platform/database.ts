import { InvariantError, assert, backOffDelayMs, type Log } from "@moult/base";
import type { TenantId } from "@moult/model";
import {
  Kysely,
  PostgresAdapter,
  PostgresDriver,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type Driver,
} from "kysely";
import { ApiError } from "./api-error.ts";
import { isWorthRetrying, machineFaultOf } from "./database-error.ts";
import type { Dialect } from "./dialect.ts";
import { createKeyedLock, type KeyedLock } from "./keyed-lock.ts";
import { migrate } from "./migrate.ts";
import { createPostgresLock } from "./postgres-lock.ts";
import { openPostgresPool, type PostgresOptions } from "./postgres-pool.ts";
import { postgresReads, sqliteReads, type PrepareRead } from "./prepare-read.ts";
import type { Schema } from "./schema.ts";
import { SqliteWriteDriver, sqliteReadDriver } from "./sqlite-driver.ts";
import { openSqliteHandle } from "./sqlite-handle.ts";
import type { TenantDb } from "./tenant-db.ts";
import {
  insideTransaction,
  readingDriver,
  writingDriver,
  type TransactionState,
} from "./transaction-guard.ts";
import { createTurnView } from "./turn-view.ts";

export type DatabasePlace =
  | { readonly kind: "sqlite"; readonly path: string }
  | ({ readonly kind: "postgres" } & PostgresOptions);

/** The database without a tenant: for the platform itself, and for operators before it is known whose they are. */
export interface SystemDb {
  /** Reads, outside transactions. */
  readonly kysely: Kysely<Schema>;
  transaction<T>(work: (kysely: Kysely<Schema>) => Promise<T>): Promise<T>;
}

export interface Database {
  readonly dialect: Dialect;
  readonly system: SystemDb;
  /** Single statements and transactions of a library that brings its own queries. */
  readonly writer: Kysely<Schema>;
  tenant(tenantId: TenantId): TenantDb;
  /** `listener` hears of every commit of this process that appended events of a tenant; it must not throw. */
  onEvents(listener: (tenantId: TenantId) => void): void;
  /** Prepares one question of a hot path; on SQLite it is answered synchronously. */
  readonly prepareRead: PrepareRead;
  /** One piece of work at a time for each key, of all servers of this database; for what they share beside it. */
  readonly lock: KeyedLock;
  close(): Promise<void>;
}

/** A transaction that was undone for another's sake is run again this often at most. */
const RUNS_MAX = 6;
const RETRY_BACK_OFF = { delayMsMin: 4, delayMsMax: 250 };

const states = new WeakMap<Kysely<Schema>, TransactionState>();

/** Tells those who wait for the tenant's events, once the transaction of `db` is durable, and never if it is not. */
export function announceEvents(db: TenantDb): void {
  const state = states.get(db.kysely);
  assert(state?.isOpen === true, "events are appended inside a transaction");
  state.tenantsWithEvents.add(db.tenantId);
}

/** Opens the database and brings its tables up to date. Throws `DatabaseError` "database-newer" for a later version's. */
export async function openDatabase(place: DatabasePlace, log: Log): Promise<Database> {
  const parts = place.kind === "sqlite" ? sqliteParts(place.path) : postgresParts(place, log);
  try {
    await migrate(parts.writer, place.kind, log);
  } catch (error) {
    await parts.close();
    throw error;
  }

  const listeners: ((tenantId: TenantId) => void)[] = [];
  const transaction = transactionsOn(parts.writer, (tenantId) => {
    for (const listener of listeners) listener(tenantId);
  });
  return {
    dialect: place.kind,
    writer: parts.writer,
    system: { kysely: parts.reader, transaction: (work) => transaction(work) },
    tenant: (tenantId) => tenantDb(tenantId, place.kind, parts.reader, transaction),
    onEvents: (listener) => void listeners.push(listener),
    prepareRead: parts.prepareRead,
    // A file of SQLite has one server.
    lock: place.kind === "sqlite" ? createKeyedLock() : createPostgresLock(place),
    close: () => parts.close(),
  };
}

interface Parts {
  readonly reader: Kysely<Schema>;
  readonly writer: Kysely<Schema>;
  readonly prepareRead: PrepareRead;
  close(): Promise<void>;
}

/** Our driver lets transactions take turns by itself; Kysely's own queue would come before the guard and its group. */
class ConcurrentSqliteAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

function sqliteParts(path: string): Parts {
  // The writer comes first: it makes the file, and a read-only connection needs one.
  const writing = openSqliteHandle(path, "write", () => view.end());
  const reading = openSqliteHandle(path, "read");
  const view = createTurnView(reading);
  const kyselyOn = (driver: Driver): Kysely<Schema> =>
    new Kysely({
      dialect: {
        createAdapter: () => new ConcurrentSqliteAdapter(),
        createDriver: () => driver,
        createIntrospector: (db) => new SqliteIntrospector(db),
        createQueryCompiler: () => new SqliteQueryCompiler(),
      },
    });
  const reader = kyselyOn(readingDriver(sqliteReadDriver(reading)));
  const writeDriver = new SqliteWriteDriver(writing, reading);
  const writer = kyselyOn(writingDriver(writeDriver));
  return {
    reader,
    writer,
    prepareRead: sqliteReads(reader, reading, view),
    close: async () => {
      view.end();
      reading.close();
      await writeDriver.destroy();
    },
  };
}

function postgresParts(options: PostgresOptions, log: Log): Parts {
  const pool = openPostgresPool(options, (error) =>
    log.warn("database-connection-lost", { reason: error.message }),
  );
  const kyselyOn = (guard: (driver: Driver) => Driver): Kysely<Schema> =>
    new Kysely({
      dialect: {
        createAdapter: () => new PostgresAdapter(),
        createDriver: () => guard(new PostgresDriver({ pool })),
        createIntrospector: (db) => new PostgresIntrospector(db),
        createQueryCompiler: () => new PostgresQueryCompiler(),
      },
    });
  const reader = kyselyOn(readingDriver);
  return {
    reader,
    writer: kyselyOn(writingDriver),
    prepareRead: postgresReads(reader, pool),
    close: () => pool.end(),
  };
}

type RunTransaction = <T>(work: (kysely: Kysely<Schema>) => Promise<T>) => Promise<T>;

/** Transactions with what belongs to them: the guard against the outer handle, the retries, the word after the commit. */
function transactionsOn(
  writer: Kysely<Schema>,
  announce: (tenantId: TenantId) => void,
): RunTransaction {
  const once = async <T>(work: (kysely: Kysely<Schema>) => Promise<T>): Promise<T> => {
    const state: TransactionState = { isOpen: true, tenantsWithEvents: new Set() };
    const result = await writer.transaction().execute((kysely) => {
      states.set(kysely, state);
      return insideTransaction(state, () => work(kysely));
    });
    for (const tenantId of state.tenantsWithEvents) announce(tenantId);
    return result;
  };

  return async (work) => {
    for (let run = 1; ; run += 1) {
      try {
        return await once(work);
      } catch (error) {
        if (run === RUNS_MAX || !isWorthRetrying(error)) {
          const fault = machineFaultOf(error);
          if (fault === undefined) throw error;
          throw new ApiError(fault, FAULT_DETAILS[fault], { cause: error });
        }
      }
      const delayMs = backOffDelayMs(RETRY_BACK_OFF, run, { fraction: Math.random });
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  };
}

const FAULT_DETAILS = {
  "disk-full": "The database's disk is full; nothing was changed. Free some space and try again.",
  unavailable: "The database cannot be reached; nothing was changed. Try again.",
} as const;

function tenantDb(
  tenantId: TenantId,
  dialect: Dialect,
  reader: Kysely<Schema>,
  transaction: RunTransaction,
): TenantDb {
  return scope({
    tenantId,
    dialect,
    kysely: reader,
    transaction: (work) =>
      transaction((kysely) =>
        work(
          scope({
            tenantId,
            dialect,
            kysely,
            // Joining would keep half of the work when an error of the inner one is caught.
            transaction: () =>
              Promise.reject(
                new InvariantError(
                  "a transaction is not opened inside another: pass its handle on",
                ),
              ),
          }),
        ),
      ),
  });
}

/** The only place that makes a `TenantDb`. */
const scope = (db: Omit<TenantDb, symbol>): TenantDb => db as TenantDb;
