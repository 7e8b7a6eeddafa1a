import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addProduct, addRelease, clockAt, deploy } from "../../deployments/fleet.fixture.ts";
import { openInstallation } from "../../deployments/open-installation.ts";
import { DIALECTS } from "../../platform/dialect.ts";
import { useTestDatabase } from "../../platform/test-database.fixture.ts";
import {
  addToken,
  startMoultServer,
  TestDevice,
  type MoultServer,
} from "./moult-server.fixture.ts";

describe.each(DIALECTS)("a release that is only downloaded yet, on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  let server: MoultServer;
  beforeAll(async () => {
    server = await startMoultServer(store);
  });
  afterAll(() => server.close());

  test("is told to be installed, signed and once, at the next check-in after a person's word", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const token = await addToken(db);
    const device = await new TestDevice(server, db).join(token);
    await device.checkIn();
    const { id } = await deploy(db, await addRelease(db, "2.0"), {
      plan: { stages: [{ size: { remaining: true } }], mode: "download-only" },
    });

    const offer = await device.offered();
    expect(offer.mode).toEqual({ consent: false, forceFromMs: null, downloadOnly: true });
    const { assignmentId, attempt } = offer;
    const activity = { kind: "updating", assignmentId, attempt } as const;
    expect(await device.checkIn({ activity })).toBe("holds");
    const hold = { code: "installation-not-open", detail: "It may not be installed yet." };
    await device.report(assignmentId, attempt, [
      { kind: "deferred", sequence: 1, before: "install", holds: [hold] },
    ]);

    await openInstallation(db, id, "Ada", { clock: clockAt(server.clock.now()) });

    const told = await device.checkIn({ activity });
    expect(told).toMatchObject({ action: { kind: "install", assignmentId, attempt } });
    expect(told).not.toMatchObject({ action: { mode: expect.anything() as unknown } });
    expect(await device.checkIn({ activity })).toBe("holds");

    // Whoever comes later downloads and installs in one go.
    const later = await new TestDevice(server, db).join(token);
    const late = await later.offered();
    expect(late).not.toHaveProperty("mode");
    const working = { kind: "updating", assignmentId: late.assignmentId, attempt: 1 } as const;
    expect(await later.checkIn({ activity: working })).toBe("holds");
  });

  test("is told again to a device that did not hear it", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const device = await new TestDevice(server, db).join(await addToken(db));
    await device.checkIn();
    const { id } = await deploy(db, await addRelease(db, "2.0"), {
      plan: { stages: [{ size: { remaining: true } }], mode: "download-only" },
    });
    const { assignmentId, attempt } = await device.offered();
    const activity = { kind: "updating", assignmentId, attempt } as const;
    await openInstallation(db, id, "Ada", { clock: clockAt(server.clock.now()) });

    const { generation } = device;
    await device.checkIn({ activity });
    device.generation = generation;
    const again = await device.checkIn({ activity });
    expect(again).toMatchObject({ action: { kind: "install", assignmentId } });
    expect(again).not.toMatchObject({ action: { mode: expect.anything() as unknown } });
  });
});
