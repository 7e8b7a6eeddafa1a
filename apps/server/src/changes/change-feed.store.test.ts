import type { ChangeNotice } from "@moult/model";
import { afterEach, describe, expect, test } from "vitest";
import {
  PRODUCT,
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  clockAt,
  deploy,
} from "../deployments/fleet.fixture.ts";
import { DIALECTS } from "../platform/dialect.ts";
import { appendEvent, createEventFeed, lastSequence } from "../platform/events.ts";
import { TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { createChangeFeed } from "./change-feed.ts";

describe.each(DIALECTS)("changes on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const callers: AbortController[] = [];
  afterEach(() => callers.splice(0).forEach((caller) => caller.abort()));

  const feed = (noticeEveryMs = 5) => {
    const events = createEventFeed(store.database);
    return {
      events,
      changes: createChangeFeed({ events, clock: clockAt(TEST_NOW), noticeEveryMs }),
    };
  };
  const watch = (
    db: TenantDb,
    { changes }: ReturnType<typeof feed>,
    after?: number,
  ): AsyncIterator<ChangeNotice> => {
    const caller = new AbortController();
    callers.push(caller);
    return changes.watch(db, after, caller.signal)[Symbol.asyncIterator]();
  };
  const changeProduct = (db: TenantDb, count = 1) =>
    db.transaction(async (inner) => {
      for (let index = 0; index < count; index += 1)
        await appendEvent(inner, {
          at: TEST_NOW,
          body: { kind: "product-changed", product: PRODUCT },
        });
    });
  const next = async (notices: AsyncIterator<ChangeNotice>): Promise<ChangeNotice> => {
    const { value, done } = await notices.next();
    if (done === true) throw new Error("the changes ended");
    return value;
  };
  const fleet = async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const [deviceId] = await addDevices(db, [1]);
    if (deviceId === undefined) throw new Error("a device was added");
    return { db, deviceId, releaseId: await addRelease(db, "2.0") };
  };

  test("a new connection looks at everything, then hears what changes, deployments whole", async () => {
    const { db, deviceId, releaseId } = await fleet();
    const notices = watch(db, feed());
    expect(await next(notices)).toMatchObject({ isReset: true, deviceIds: [], deployments: [] });

    const { id } = await deploy(db, releaseId);
    expect(await next(notices)).toMatchObject({
      isReset: false,
      deploymentIds: [id],
      deployments: [{ id, headline: "Waits for its one device to check in." }],
    });
    await checkIn(db, deviceId);
    expect(await next(notices)).toMatchObject({
      deviceIds: [deviceId],
      deployments: [{ headline: "0 of 1 devices are done, 1 in the update." }],
    });
  });

  test("who comes back hears what changed meanwhile, in one message", async () => {
    const { db, deviceId, releaseId } = await fleet();
    const seen = await lastSequence(db);
    const { id } = await deploy(db, releaseId);
    await checkIn(db, deviceId);
    const notice = await next(watch(db, feed(), seen));

    expect(notice).toMatchObject({
      sequence: await lastSequence(db),
      isReset: false,
      deviceIds: [deviceId],
      deploymentIds: [id],
      deployments: [{ tally: { open: 1 } }],
    });
  });

  test("who missed too much, or saw what never was, looks at everything again", async () => {
    const db = await store.newTenant();
    await changeProduct(db);
    const last = await lastSequence(db);
    expect(await next(watch(db, feed(), last + 1))).toMatchObject({
      sequence: last,
      isReset: true,
    });
    expect(await next(watch(db, feed(), last))).toMatchObject({ sequence: last, isReset: false });
    await changeProduct(db, 10_001);

    expect(await next(watch(db, feed(), last))).toMatchObject({ isReset: true, products: [] });
    expect(await next(watch(db, feed(), last + 2_000))).toMatchObject({
      isReset: false,
      products: [PRODUCT],
    });
  });

  test("a burst is one message to each who watches, and nobody else's", async () => {
    const [db, other] = [await store.newTenant(), await store.newTenant()];
    const shared = feed(150);
    const [one, two, stranger] = [watch(db, shared), watch(db, shared), watch(other, shared)];
    for (const notices of [one, two, stranger]) await next(notices);
    await changeProduct(db, 2_500);
    const last = await lastSequence(db);

    for (const notices of [one, two])
      expect(await next(notices)).toMatchObject({ sequence: last, products: [PRODUCT] });
    await changeProduct(other);
    expect(await next(stranger)).toMatchObject({ sequence: await lastSequence(other) });
  });

  test("a watch ends with its caller, and all of them with the server", async () => {
    const db = await store.newTenant();
    const shared = feed();
    const caller = new AbortController();
    const gone = shared.changes.watch(db, undefined, caller.signal)[Symbol.asyncIterator]();
    const stays = watch(db, shared);
    await next(gone);
    await next(stays);
    const ended = gone.next();
    caller.abort();
    expect(await ended).toMatchObject({ done: true });

    await changeProduct(db);
    expect(await next(stays)).toMatchObject({ products: [PRODUCT] });
    shared.events.close();
    expect(await stays.next()).toMatchObject({ done: true });
  });
});
