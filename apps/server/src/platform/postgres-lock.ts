import { createHash } from "node:crypto";
import { Client } from "pg";
import { createKeyedLock, type KeyedLock } from "./keyed-lock.ts";
import { CONNECT_TIMEOUT_MS, type PostgresOptions } from "./postgres-pool.ts";

/**
 * A lock that all servers of one database share, for what they share beside it: a folder of blobs. It is PostgreSQL's, on a
 * connection of its own for as long as the work takes, so whoever is killed lets go, and work that holds it may use the pool.
 */
export function createPostgresLock({ url }: Pick<PostgresOptions, "url">): KeyedLock {
  // Whoever of this process comes second waits here, and takes no connection for it.
  const within = createKeyedLock();
  return (key, work) =>
    within(key, async () => {
      const client = new Client({
        connectionString: url,
        application_name: "moult-server-lock",
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        keepAlive: true,
      });
      // Without a listener a connection that PostgreSQL closes would end the process; the next statement says so as well.
      client.on("error", () => undefined);
      await client.connect();
      try {
        await client.query("select pg_advisory_lock($1::bigint)", [numberOf(key)]);
        return await work();
      } finally {
        await client.end();
      }
    });
}

/** PostgreSQL locks numbers. Two keys with the same one wait for each other, once in 2^64. */
const numberOf = (key: string): string =>
  createHash("sha256").update(`moult ${key}`).digest().readBigInt64BE(0).toString();
