import { HOUR_MS, later } from "@moult/base";
import { Window, windowFromText } from "@moult/model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addProduct, addRelease, deploy } from "../../deployments/fleet.fixture.ts";
import { DIALECTS } from "../../platform/dialect.ts";
import { useTestDatabase } from "../../platform/test-database.fixture.ts";
import {
  addToken,
  startMoultServer,
  TestDevice,
  type MoultServer,
} from "./moult-server.fixture.ts";

describe.each(DIALECTS)("windows that devices are told, on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  let server: MoultServer;
  beforeAll(async () => {
    server = await startMoultServer(store);
  });
  afterAll(() => server.close());

  test("travel with the signed offer as instants, and are told anew with each fresh answer", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const device = await new TestDevice(server, db).join(await addToken(db));
    await device.checkIn();
    const now = server.clock.now();
    const time = new Date(later(now, 2 * HOUR_MS)).toISOString().slice(11, 16);
    await deploy(db, await addRelease(db, "2.0"), {
      plan: {
        stages: [{ size: { remaining: true } }],
        windows: [Window.parse(windowFromText(`install daily ${time} 1h UTC`))],
      },
    });

    const offered = await device.offered();
    const minute = Math.floor(later(now, 2 * HOUR_MS) / 60_000) * 60_000;
    const told = (days: number) => ({
      windows: {
        install: expect.arrayContaining([
          { fromMs: minute + days * 24 * HOUR_MS, untilMs: minute + (days * 24 + 1) * HOUR_MS },
        ]) as unknown,
      },
    });
    expect(offered).toMatchObject(told(0));
    expect(offered).toMatchObject(told(14));
    expect(offered).not.toMatchObject(told(15));

    server.clock.move(24 * HOUR_MS);
    await device.openSession();
    const anew = await device.checkIn({ fresh: true });
    expect(anew).toMatchObject({ action: told(15) });
    expect(anew).not.toMatchObject({ action: told(0) });
  });

  test.each([
    [{ mode: "force" }, { consent: false, forceFromMs: 0 }],
    [{ mode: "consent" }, { consent: true, forceFromMs: null }],
    [{ mode: "optional" }, undefined],
    [{ forceAfterSeconds: 3_600 }, { consent: false, forceFromMs: 3_600_000 }],
  ] as const)("are told with what devices may have against it: %j", async (plan, told) => {
    const db = await store.newTenant();
    await addProduct(db);
    const device = await new TestDevice(server, db).join(await addToken(db));
    await device.checkIn();
    const stages = [{ size: { remaining: true as const } }];
    await deploy(db, await addRelease(db, "2.0"), { plan: { stages, ...plan } });
    const now = server.clock.now();

    const offered = await device.offered();
    const since = told?.forceFromMs === 3_600_000 ? now : 0;
    const mode = told?.forceFromMs ? { ...told, forceFromMs: since + told.forceFromMs } : told;
    expect("mode" in offered ? offered.mode : undefined).toEqual(mode);
    // It is counted from the first offer, however often the device is told.
    server.clock.move(HOUR_MS / 2);
    const again = await device.checkIn({ fresh: true });
    if (mode !== undefined) expect(again).toMatchObject({ action: { mode } });
  });

  test("are left out of an offer by a plan without them", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const device = await new TestDevice(server, db).join(await addToken(db));
    await device.checkIn();
    await deploy(db, await addRelease(db, "2.0"));

    expect(await device.offered()).not.toHaveProperty("windows");
  });
});
