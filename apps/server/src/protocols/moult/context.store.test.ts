import { contextDigest } from "@moult/device-protocol";
import { nodeCrypto } from "@moult/node-crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addProduct, addRelease, deploy } from "../../deployments/fleet.fixture.ts";
import { contextOf } from "../../devices/report-queries.ts";
import { DIALECTS } from "../../platform/dialect.ts";
import type { TenantDb } from "../../platform/tenant-db.ts";
import { useTestDatabase } from "../../platform/test-database.fixture.ts";
import {
  addToken,
  startMoultServer,
  TestDevice,
  type MoultServer,
} from "./moult-server.fixture.ts";

describe.each(DIALECTS)("what devices say of their circumstances, on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  let server: MoultServer;
  beforeAll(async () => {
    server = await startMoultServer(store);
  });
  afterAll(() => server.close());

  const joined = async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const device = await new TestDevice(server, db).join(await addToken(db));
    await device.checkIn();
    return { db, device };
  };
  const row = (db: TenantDb, device: TestDevice) =>
    db.kysely
      .selectFrom("device")
      .selectAll()
      .where("id", "=", device.id)
      .executeTakeFirstOrThrow();

  test("is kept when it is news; said again by its digest it changes nothing in the database", async () => {
    const { db, device } = await joined();
    expect(await contextOf(db, device.id)).toBeNull();

    device.context = { busy: true, batteryPercent: 55, unknown: "car\0 hangs." };
    const since = new Date(server.clock.now()).toISOString();
    expect(await device.checkIn({ context: device.context })).toBe("holds");
    const said = { busy: true, batteryPercent: 55, unknown: "car\u{FFFD} hangs.", since };
    expect(await contextOf(db, device.id)).toEqual(said);

    const before = await row(db, device);
    server.clock.move(60_000);
    for (let times = 0; times < 3; times += 1) expect(await device.checkIn({})).toBe("holds");
    expect(await row(db, device)).toEqual(before);

    // An agent that was taken back to an older one says nothing of it, which is no news either.
    device.context = undefined;
    expect(await device.checkIn({})).toBe("holds");
    expect(await row(db, device)).toEqual(before);
  });

  test("is asked for when the server has not what the digest is of, and decides nothing before", async () => {
    const { db, device } = await joined();
    await deploy(db, await addRelease(db, "2.0"), {
      plan: { stages: [{ size: { remaining: true } }], conditions: "context.busy = false" },
    });
    device.context = { busy: false };

    expect(await device.checkIn({})).toMatchObject({
      action: { kind: "nothing-to-do" },
      ask: ["context"],
    });
    expect(await device.checkIn({ context: device.context })).toMatchObject({
      action: { kind: "install" },
      ask: [],
    });
    expect((await row(db, device)).context_sha256).toBe(contextDigest(device.context, nodeCrypto));
  });

  test("opens and shuts the offer of a plan with conditions, and takes nothing back", async () => {
    const { db, device } = await joined();
    await deploy(db, await addRelease(db, "2.0"), {
      plan: {
        stages: [{ size: { remaining: true } }],
        conditions: "context.busy = false AND context.batteryPercent >= 50",
      },
    });
    const say = (busy: boolean, batteryPercent: number) => {
      device.context = { busy, batteryPercent };
      return device.checkIn({ context: device.context });
    };

    expect(await device.checkIn({})).toBe("holds");
    expect(await say(true, 80)).toBe("holds");
    expect(await say(false, 45)).toBe("holds");
    expect(await device.checkIn({})).toBe("holds");
    const offer = await say(false, 50);
    expect(offer).toMatchObject({ action: { kind: "install" } });
    expect(await say(true, 5)).toBe("holds");
    expect(await device.checkIn({ fresh: true })).toMatchObject({ action: { kind: "install" } });
  });
});
