import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Sha256 } from "@moult/model";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { openFolderBlobs } from "../platform/blobs.ts";
import { openDatabase } from "../platform/database.ts";
import { silentLog, useTestDatabase } from "../platform/test-database.fixture.ts";
import { createReferencedBlobs } from "./referenced-blobs.ts";

const store = useTestDatabase("postgres");

test("one piece of work at a time holds a lock, of all servers of a database", async () => {
  const other = await openDatabase(store.place, silentLog);
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await store.database.system.kysely.selectFrom("tenant").select("id").execute();
    inside -= 1;
  };
  const databases = [store.database, other];

  await Promise.all(
    Array.from({ length: 20 }, (_, index) => databases[index % 2]?.lock("same", work)),
  );
  expect({ inside, most }).toEqual({ inside: 0, most: 1 });

  // Another key waits for nothing, and work that fails lets go.
  await store.database.lock("same", () => other.lock("another", work));
  await expect(other.lock("same", () => Promise.reject(new Error("failed")))).rejects.toThrow(
    "failed",
  );
  await store.database.lock("same", work);
  await other.close();
});

test("a server that sweeps a shared folder leaves content that another one is just keeping", async () => {
  const folder = mkdtempSync(join(tmpdir(), "moult-shared-blobs-"));
  const other = await openDatabase(store.place, silentLog);
  const blobs = await openFolderBlobs(folder, "shared");
  const here = createReferencedBlobs({ blobs, database: store.database, log: silentLog });
  const there = createReferencedBlobs({ blobs, database: other, log: silentLog });
  const content = Buffer.from("an artifact");
  const sha256 = Sha256.parse(createHash("sha256").update(content).digest("hex"));
  const writer = await here.begin();
  await writer.write(content);
  let sweeping: Promise<number> | undefined;

  const seen = await here.keep(writer, sha256, async () => {
    // Durable, and in no row yet: whoever looks now finds that nobody needs it.
    sweeping = there.sweep();
    const [{ count }] = await waitingLocks();
    return { count, sizeBytes: await here.sizeBytes(sha256) };
  });

  expect(seen).toEqual({ count: 1, sizeBytes: content.length });
  // No row was written after all, so the sweep that waited takes it.
  expect(await sweeping).toBe(1);
  await other.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Until a server of this database waits for a lock that another one holds. */
async function waitingLocks(): Promise<[{ count: number }]> {
  for (;;) {
    const { rows } = await sql<{ count: number }>`
      select count(*) as count from pg_locks where locktype = 'advisory' and not granted`.execute(
      store.database.system.kysely,
    );
    const [row] = rows;
    if (row !== undefined && row.count > 0) return [row];
  }
}
