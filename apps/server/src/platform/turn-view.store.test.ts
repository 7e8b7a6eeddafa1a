import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { TenantId } from "@moult/model";
import { expect, test } from "vitest";
import type { PreparedRead } from "./prepare-read.ts";
import type { TenantDb } from "./tenant-db.ts";
import { useTestDatabase } from "./test-database.fixture.ts";

const store = useTestDatabase("sqlite");

type ReadEpoch = PreparedRead<Record<never, never>, { readonly epoch: number }>;

const prepareEpoch = (): ReadEpoch =>
  store.database.prepareRead((kysely, value) =>
    kysely
      .selectFrom("tenant")
      .select("planning_epoch as epoch")
      .where("id", "=", value("tenantId")),
  );

const setEpoch = (db: TenantDb, epoch: number): Promise<unknown> =>
  db.transaction(({ kysely, tenantId }) =>
    kysely
      .updateTable("tenant")
      .set({ planning_epoch: epoch })
      .where("id", "=", tenantId)
      .execute(),
  );

function sqlitePath(): string {
  if (store.place.kind !== "sqlite") throw new Error("the test is about SQLite");
  return store.place.path;
}

/** Another process that writes to the same file. */
function writeElsewhere(tenantId: TenantId, epoch: number): void {
  const other = new DatabaseSync(sqlitePath());
  other.prepare("update tenant set planning_epoch = ? where id = ?").run(epoch, tenantId);
  other.close();
}

test("the questions of one turn see one state of the file, those of the next the newest", async () => {
  const db = await store.newTenant();
  const read = prepareEpoch();

  expect(read(db, {})).toEqual({ epoch: 0 });
  writeElsewhere(db.tenantId, 7);
  expect(read(db, {})).toEqual({ epoch: 0 });
  await nextTurn();

  expect(read(db, {})).toEqual({ epoch: 7 });
});

test("whoever wrote reads what was written, in the same turn", async () => {
  const db = await store.newTenant();
  const read = prepareEpoch();
  const seen: unknown[] = [];

  const writing = setEpoch(db, 3).then(() => seen.push(read(db, {})));
  // Again and again, so that some view is open whenever the commit happens.
  let isDone = false;
  void writing.then(() => (isDone = true));
  while (!isDone) {
    void read(db, {});
    await nextTurn();
  }

  expect(seen).toEqual([{ epoch: 3 }]);
});

test("questions in every turn do not keep the write-ahead log from starting over", async () => {
  const db = await store.newTenant();
  const read = prepareEpoch();
  const COMMITS = 3_000;

  for (let epoch = 1; epoch <= COMMITS; epoch += 1) {
    void read(db, {});
    const writing = setEpoch(db, epoch);
    void read(db, {});
    await writing;
    expect(read(db, {})).toEqual({ epoch });
  }

  // SQLite starts over after about 1,000 pages of 4 KiB; the log would be three times as long otherwise.
  expect(statSync(`${sqlitePath()}-wal`).size).toBeLessThan(COMMITS * 4_096 * 0.6);
});
