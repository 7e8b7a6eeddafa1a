import { describe, expect, test } from "vitest";
import { plansOf } from "../devices/query-plan.fixture.ts";
import { asOperator } from "../devices/test-fleet.fixture.ts";
import {
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  deploy,
  finished,
  report,
} from "../deployments/fleet.fixture.ts";
import { DIALECTS } from "../platform/dialect.ts";
import { createEventFeed, eventPage } from "../platform/events.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { createEventHandlers } from "./operations.ts";

describe.each(DIALECTS)("what happened, on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const handlers = () => createEventHandlers({ events: createEventFeed(store.database) });
  const list = (db: TenantDb, query: object) =>
    handlers().listEvents(asOperator(db), {
      params: undefined,
      query: { limit: 50, ...query },
      body: undefined,
    });
  const sentences = async (db: TenantDb, query: object) =>
    (await list(db, query)).items.map(({ sentence }) => sentence);

  const updated = async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const [first, second] = await addDevices(db, [1, 2]);
    if (first === undefined || second === undefined) throw new Error("two devices were added");
    const { id: deploymentId } = await deploy(db, await addRelease(db, "2.0"));
    for (const deviceId of [first, second]) {
      const plan = await checkIn(db, deviceId);
      await report(db, deviceId, plan, [finished("succeeded", "2.0")]);
    }
    return { db, first, second, deploymentId };
  };

  test("is found by who decided it", async () => {
    const { db, deploymentId } = await updated();
    const [created] = (await list(db, { deploymentId, kind: "deployment-created" })).items;
    const by = created?.body.kind === "deployment-created" ? created.body.by : "";

    expect(await sentences(db, { by })).toEqual([
      `${by} started "2.0 to all of gw2", which brings 2.0.`,
    ]);
    expect(await sentences(db, { by, kind: "deployment-tripped" })).toEqual([]);
    expect(await sentences(db, { by: "nobody" })).toEqual([]);
  });

  test("is told newest first, in sentences with the names that things have now", async () => {
    const { db, first, second, deploymentId } = await updated();

    expect(await sentences(db, { deploymentId })).toEqual([
      '"2.0 to all of gw2" is finished.',
      `${second} was updated to 2.0.`,
      `${second} was offered 2.0.`,
      `${first} was updated to 2.0.`,
      `${first} was offered 2.0.`,
      'Ada started "2.0 to all of gw2", which brings 2.0.',
    ]);
    expect(await sentences(db, { deviceId: first, kind: "device-running-changed" })).toEqual([
      `${first} runs 2.0 instead of 1.0.`,
    ]);
    expect((await list(db, { deploymentId })).items[1]).toMatchObject({
      deviceName: second,
      deploymentName: "2.0 to all of gw2",
    });
  });

  test("can be asked for by kind, and in pages", async () => {
    const { db, deploymentId } = await updated();
    const kind = "deployment-created,deployment-state-changed";
    const newest = await list(db, { deploymentId, kind, limit: 1 });
    const rest = await list(db, { deploymentId, kind, limit: 1, cursor: newest.nextCursor });

    expect([...newest.items, ...rest.items].map(({ body }) => body.kind)).toEqual([
      "deployment-state-changed",
      "deployment-created",
    ]);
    expect(rest.nextCursor).toBeNull();
  });

  test("of decisions alone is not looked for among what every device does", async () => {
    const db = await store.newTenant();
    const kinds = ["deployment-tripped", "stage-advanced"] as const;
    const deploymentId = "0198c0de-0001-7000-8000-000000000001";
    const planOf = async (filter: Parameters<typeof eventPage>[1]) =>
      (await plansOf(db, dialect, (inner) => eventPage(inner, filter, undefined, 20))).join("\n");
    // PostgreSQL reads a table as small as this one from end to end, whatever indexes there are.
    const isSqlite = dialect === "sqlite";

    if (isSqlite) expect(await planOf({ kinds })).toContain("event_notable ");
    if (isSqlite)
      expect(await planOf({ kinds, deploymentId })).toContain("event_notable_of_deployment");
    expect(await planOf({ kinds: [...kinds, "assignment-closed"] })).not.toContain("notable");
  });

  test("arrives live with the same words", async () => {
    const { db } = await updated();
    const events = await handlers().watchEvents(asOperator(db), {
      params: undefined,
      query: { after: 0 },
      body: undefined,
    });
    const seen: string[] = [];
    for await (const { sentence } of events) {
      seen.push(sentence);
      if (seen.length === 8) break;
    }

    expect(seen).toEqual((await sentences(db, {})).toReversed());
  });
});
