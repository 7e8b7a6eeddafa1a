import type { DeviceId, ProductName } from "@moult/model";
import { describe, expect, test } from "vitest";
import { openDatabase } from "./database.ts";
import { DIALECTS } from "./dialect.ts";
import {
  appendEvent,
  createEventFeed,
  eventPage,
  eventsAfter,
  type EventRecord,
} from "./events.ts";
import { newId } from "./new-id.ts";
import type { TenantDb } from "./tenant-db.ts";
import { TEST_NOW, silentLog, useTestDatabase } from "./test-database.fixture.ts";

const changed = (product: string) => ({
  at: TEST_NOW,
  body: { kind: "product-changed" as const, product: product as ProductName },
});

const productOf = ({ body }: EventRecord): string =>
  body.kind === "product-changed" ? body.product : body.kind;

async function take(
  pages: AsyncIterable<readonly EventRecord[]>,
  count: number,
): Promise<string[]> {
  const products: string[] = [];
  for await (const page of pages) {
    products.push(...page.map(productOf));
    if (products.length >= count) break;
  }
  return products.slice(0, count);
}

describe.each(DIALECTS)("events on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const append = (db: TenantDb, product: string) =>
    db.transaction((inner) => appendEvent(inner, changed(product)));

  test("who watches sees what happens from now on, of the own tenant only, in order", async () => {
    const feed = createEventFeed(store.database);
    const [db, other] = [await store.newTenant(), await store.newTenant()];
    await append(db, "before");
    const seen = take(feed.watch(db, {}, new AbortController().signal), 3);
    // When the watch begins is up to the database, so there is news until it has enough.
    let isDone = false;
    void seen.then(() => (isDone = true));
    for (let index = 0; !isDone; index += 1) {
      await append(other, "other");
      await append(db, `p${index}`);
    }

    const [first = ""] = await seen;
    const from = Number(first.slice(1));
    expect(await seen).toEqual([`p${from}`, `p${from + 1}`, `p${from + 2}`]);
    feed.close();
  });

  test("who names the last event it saw gets every later one, however many there are", async () => {
    const feed = createEventFeed(store.database);
    const db = await store.newTenant();
    await append(db, "seen");
    const [seen] = await eventsAfter(db, 0, {});
    await db.transaction(async (inner) => {
      for (let index = 0; index < 450; index += 1) await appendEvent(inner, changed(`p${index}`));
    });

    const watch = feed.watch(db, { after: seen?.sequence }, new AbortController().signal);
    expect(await take(watch, 450)).toEqual(Array.from({ length: 450 }, (_, index) => `p${index}`));
    feed.close();
  });

  test("a transaction that fails leaves no event", async () => {
    const db = await store.newTenant();
    await db
      .transaction(async (inner) => {
        await appendEvent(inner, changed("gone"));
        throw new Error("no");
      })
      .catch(() => undefined);

    expect(await eventsAfter(db, 0, {})).toEqual([]);
    await expect(appendEvent(db, changed("outside"))).rejects.toThrow(/inside a transaction/);
  });

  test("a transaction that commits late is not skipped by who read later events", async () => {
    const db = await store.newTenant();
    const begun = Promise.withResolvers<void>();
    const mayCommit = Promise.withResolvers<void>();
    const late = db.transaction(async (inner) => {
      await appendEvent(inner, changed("late"));
      begun.resolve();
      await mayCommit.promise;
    });
    await begun.promise;
    const early = append(db, "early");
    // On SQLite the second one waits for its turn; on PostgreSQL it commits with the higher sequence.
    if (dialect === "postgres") await early;
    const seenMeanwhile = await eventsAfter(db, 0, {});
    mayCommit.resolve();
    await Promise.all([late, early]);

    const last = seenMeanwhile.at(-1)?.sequence ?? 0;
    const after = await eventsAfter(db, last, {});
    expect([...seenMeanwhile, ...after].map(productOf)).toEqual(["late", "early"]);
  });

  test("a watch ends when its caller goes away", async () => {
    const feed = createEventFeed(store.database);
    const db = await store.newTenant();
    const caller = new AbortController();
    const watch = feed.watch(db, { after: 0 }, caller.signal)[Symbol.asyncIterator]();
    const next = watch.next();
    caller.abort();

    expect(await next).toMatchObject({ done: true });
    feed.close();
  });

  test("a device's events are paged from the newest back", async () => {
    const db = await store.newTenant();
    const deviceId = newId<DeviceId>();
    await db.transaction(async (inner) => {
      for (const product of ["a", "b", "c"])
        await appendEvent(inner, { ...changed(product), deviceId });
      await appendEvent(inner, { ...changed("x"), deviceId: newId<DeviceId>() });
    });

    const newest = await eventPage(db, { deviceId }, undefined, 2);
    const rest = await eventPage(db, { deviceId }, newest.at(-1)?.sequence, 2);
    expect([newest, rest].map((page) => page.map(productOf))).toEqual([["c", "b"], ["a"]]);
    expect((await eventsAfter(db, 0, { deviceId })).map(productOf)).toEqual(["a", "b", "c"]);
  });
});

describe("events of several replicas", () => {
  const store = useTestDatabase("postgres");

  test("an event that another replica wrote arrives", async () => {
    const db = await store.newTenant();
    const replica = await openDatabase(store.place, silentLog);
    const feed = createEventFeed(store.database);
    const arrived = take(feed.watch(db, { after: 0 }, new AbortController().signal), 1);
    await replica
      .tenant(db.tenantId)
      .transaction((inner) => appendEvent(inner, changed("elsewhere")));

    expect(await arrived).toEqual(["elsewhere"]);
    feed.close();
    await replica.close();
  });
});
