import { InvariantError, assert } from "@moult/base";
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from "kysely";
import { DatabaseError } from "./database-error.ts";
import type { SqliteHandle } from "./sqlite-handle.ts";

/**
 * How many transactions share one commit at most. Each commit waits for the disk, so what queues up meanwhile is made
 * durable together; none of them is told "done" before that commit returned.
 */
const GROUP_MAX = 64;

/** Reads on a connection of their own see the last commit and never wait for a writer. */
export function sqliteReadDriver(handle: SqliteHandle): Driver {
  const connection: DatabaseConnection = {
    executeQuery: async <R>(query: CompiledQuery) => handle.execute<R>(query),
    streamQuery: noStream,
  };
  const refuse = (): Promise<never> =>
    Promise.reject(new InvariantError("a read connection has no transactions"));
  return {
    init: () => Promise.resolve(),
    acquireConnection: () => Promise.resolve(connection),
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    releaseConnection: () => Promise.resolve(),
    destroy: () => Promise.resolve(handle.close()),
  };
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

/**
 * The one writer. Transactions take turns; each is a savepoint inside an SQLite transaction that all of a group share. The
 * group is committed at the end of the event loop's turn, so that all requests that arrived while the disk was waited for
 * share the next commit, or when it is full. Single questions take no turn: they are answered by the reader.
 */
export class SqliteWriteDriver implements Driver {
  readonly #handle: SqliteHandle;
  readonly #reader: SqliteHandle;
  readonly #turns: (() => void)[] = [];
  #isTaken = false;
  #isCommitDue = false;
  #isDestroyed = false;
  /** Finished transactions whose common commit has not happened yet. */
  #finished: Waiter[] = [];

  constructor(handle: SqliteHandle, reader: SqliteHandle) {
    this.#handle = handle;
    this.#reader = reader;
  }

  init(): Promise<void> {
    return Promise.resolve();
  }

  acquireConnection(): Promise<DatabaseConnection> {
    return Promise.resolve(
      new WriteConnection(this.#handle, this.#reader, async (writer) => {
        await this.#takeTurn(writer);
        // A statement of its own commits by itself, so it must not slip into the group that is open.
        this.#commitGroup();
      }),
    );
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    const writer = ours(connection);
    await this.#takeTurn(writer);
    if (!this.#handle.isTransaction) this.#handle.run("begin immediate");
    this.#handle.run("savepoint member");
    writer.stage = "open";
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const writer = ours(connection);
    writer.assertAlive();
    this.#handle.run("release member");
    writer.stage = "ended";
    const durable = new Promise<void>((resolve, reject) =>
      this.#finished.push({ resolve, reject }),
    );
    this.#passTurn(writer);
    await durable;
  }

  rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    const writer = ours(connection);
    if (writer.stage === "ended") return Promise.resolve();
    writer.stage = "ended";
    if (this.#handle.isTransaction) this.#handle.run("rollback to member; release member");
    // After some errors (disk full, I/O) SQLite has undone everything, the finished members of the group with it.
    else this.#fail(writer.fatal);
    return Promise.resolve();
  }

  releaseConnection(connection: DatabaseConnection): Promise<void> {
    this.#passTurn(ours(connection));
    return Promise.resolve();
  }

  destroy(): Promise<void> {
    this.#commitGroup();
    this.#isDestroyed = true;
    this.#handle.close();
    return Promise.resolve();
  }

  async #takeTurn(writer: WriteConnection): Promise<void> {
    if (writer.hasTurn) return;
    if (this.#isTaken) await new Promise<void>((resolve) => this.#turns.push(resolve));
    this.#isTaken = true;
    writer.hasTurn = true;
  }

  #passTurn(writer: WriteConnection): void {
    if (!writer.hasTurn) return;
    writer.hasTurn = false;
    const { length } = this.#finished;
    // With nobody to wait for, the write lock is only given back.
    if (length === 0 || length >= GROUP_MAX) this.#commitGroup();
    else this.#commitSoon();
    const next = this.#turns.shift();
    if (next === undefined) this.#isTaken = false;
    else next();
  }

  #commitSoon(): void {
    if (this.#isCommitDue) return;
    this.#isCommitDue = true;
    setImmediate(() => {
      this.#isCommitDue = false;
      // Half a transaction is not committed; whoever has the turn sees to it when passing it on.
      if (!this.#isTaken && !this.#isDestroyed) this.#commitGroup();
    });
  }

  /** Never throws: who waits for the commit is told. */
  #commitGroup(): void {
    if (!this.#handle.isTransaction) return;
    try {
      this.#handle.run("commit");
    } catch (cause) {
      if (this.#handle.isTransaction) this.#handle.run("rollback");
      this.#fail(cause);
      return;
    }
    for (const { resolve } of this.#take()) resolve();
  }

  #fail(cause: unknown): void {
    for (const { reject } of this.#take())
      reject(new DatabaseError("database-group-lost", {}, { cause }));
  }

  #take(): readonly Waiter[] {
    const finished = this.#finished;
    this.#finished = [];
    return finished;
  }
}

/** The writer's connection for one transaction, or for single statements. */
class WriteConnection implements DatabaseConnection {
  hasTurn = false;
  stage: "single-statements" | "open" | "ended" = "single-statements";
  /** The error that made SQLite end the transaction by itself. */
  fatal: unknown = undefined;
  readonly #handle: SqliteHandle;
  readonly #reader: SqliteHandle;
  readonly #aloneInTurn: (writer: WriteConnection) => Promise<void>;

  constructor(
    handle: SqliteHandle,
    reader: SqliteHandle,
    aloneInTurn: (writer: WriteConnection) => Promise<void>,
  ) {
    this.#handle = handle;
    this.#reader = reader;
    this.#aloneInTurn = aloneInTurn;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.stage !== "single-statements") {
      this.assertAlive();
      try {
        return this.#handle.execute<R>(query);
      } catch (error) {
        if (!this.#handle.isTransaction) this.fatal ??= error;
        throw error;
      }
    }
    if (query.query.kind === "SelectQueryNode") return this.#reader.execute<R>(query);
    await this.#aloneInTurn(this);
    return this.#handle.execute<R>(query);
  }

  streamQuery = noStream;

  /** Without this, statements after an error that ended SQLite's transaction would each commit by themselves. */
  assertAlive(): void {
    assert(this.stage === "open", "a transaction's handle is not used after its end");
    if (!this.#handle.isTransaction)
      throw new DatabaseError("database-write-lost", {}, { cause: this.fatal });
  }
}

function ours(connection: DatabaseConnection): WriteConnection {
  if (connection instanceof WriteConnection) return connection;
  throw new InvariantError("the connection is this driver's");
}

function noStream<R>(): AsyncIterableIterator<QueryResult<R>> {
  throw new InvariantError("long lists are read in pages, not as a stream");
}
