import { AsyncLocalStorage } from "node:async_hooks";
import { InvariantError, assert } from "@moult/base";
import type { TenantId } from "@moult/model";
import type {
  CompiledQuery,
  DatabaseConnection,
  Driver,
  QueryResult,
  TransactionSettings,
} from "kysely";

/** One running transaction: whether it still runs, and whose events it appended. */
export interface TransactionState {
  isOpen: boolean;
  readonly tenantsWithEvents: Set<TenantId>;
}

const running = new AsyncLocalStorage<TransactionState>();

/** Runs `work` as the inside of a transaction: `guardOutside` throws for whatever it calls. */
export async function insideTransaction<T>(
  state: TransactionState,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await running.run(state, work);
  } finally {
    state.isOpen = false;
  }
}

/** Throws where a transaction runs: its own handle was forgotten, and SQLite would wait for itself for ever. */
export function guardOutside(): void {
  assert(
    running.getStore()?.isOpen !== true,
    "inside a transaction only the transaction's own handle is used",
  );
}

const WRITES: ReadonlySet<string> = new Set([
  "InsertQueryNode",
  "UpdateQueryNode",
  "DeleteQueryNode",
  "MergeQueryNode",
]);

/** A driver for reads outside transactions: it refuses use inside one, and every write. */
export function readingDriver(inner: Driver): Driver {
  const refuse = (): Promise<never> =>
    Promise.reject(new InvariantError("transactions are opened by TenantDb.transaction"));
  return {
    init: (options) => inner.init(options),
    acquireConnection: async (options) => {
      guardOutside();
      return readingConnection(await inner.acquireConnection(options));
    },
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    releaseConnection: (connection) =>
      inner.releaseConnection(
        connection instanceof ReadingConnection ? connection.inner : connection,
      ),
    destroy: (options) => inner.destroy(options),
  };
}

/** A driver for transactions, and for single statements of the libraries that bring their own queries. */
export function writingDriver(inner: Driver): Driver {
  return {
    init: (options) => inner.init(options),
    acquireConnection: async (options) => {
      guardOutside();
      return inner.acquireConnection(options);
    },
    beginTransaction: (connection: DatabaseConnection, settings: TransactionSettings) =>
      inner.beginTransaction(connection, settings),
    commitTransaction: (connection) => inner.commitTransaction(connection),
    rollbackTransaction: (connection) => inner.rollbackTransaction(connection),
    releaseConnection: (connection) => inner.releaseConnection(connection),
    destroy: (options) => inner.destroy(options),
  };
}

const readingConnection = (inner: DatabaseConnection): ReadingConnection =>
  new ReadingConnection(inner);

class ReadingConnection implements DatabaseConnection {
  readonly inner: DatabaseConnection;

  constructor(inner: DatabaseConnection) {
    this.inner = inner;
  }

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    assert(!WRITES.has(query.query.kind), "what writes runs in a transaction");
    return this.inner.executeQuery<R>(query);
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new InvariantError("long lists are read in pages, not as a stream");
  }
}
