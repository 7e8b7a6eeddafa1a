import { instant, type InstantMs } from "@moult/base";
import { Plan, Window, windowFromText, type DeviceId } from "@moult/model";
import { explain } from "@moult/planner";
import { describe, expect, test } from "vitest";
import { recordInventory } from "../devices/index.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { explainWaiting, waitingReasons } from "./explain-waiting.ts";
import {
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  clockAt,
  deploy,
  refreshed,
  report,
} from "./fleet.fixture.ts";
import { planningDevice } from "./facts-queries.ts";
import { loadFacts } from "./load-facts.ts";
import { orderDevice } from "./order-device.ts";
import { previewDeployment } from "./preview-deployment.ts";

const window = (line: string): Window => Window.parse(windowFromText(`download ${line}`));
const planWith = (...lines: readonly string[]) => ({
  stages: [{ size: { remaining: true as const } }],
  windows: lines.map(window),
});

const at = (text: string): InstantMs => instant(Date.parse(text));

describe.each(DIALECTS)("windows, on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  async function fleet(zones: readonly (string | null)[]) {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(
      db,
      zones.map((_, index) => index + 1),
    );
    for (const [index, zone] of zones.entries())
      if (zone !== null) await reportZone(db, ids[index] as DeviceId, zone);
    return { db, ids, releaseId: await addRelease(db, "2.0") };
  }

  const reportZone = (db: TenantDb, id: DeviceId, zone: string) =>
    db.transaction((inner) => recordInventory(inner, id, { "moult.time-zone": zone }, TEST_NOW));

  test("devices are offered the release in a window, and told when the next one opens", async () => {
    const { db, ids, releaseId } = await fleet([null]);
    const [id] = ids as [DeviceId];
    // Winter: 01:00 to 05:00 UTC.
    await deploy(db, releaseId, { plan: planWith("mon-fri 02:00 4h Europe/Berlin") });

    const friday = await checkIn(db, id, { at: at("2026-01-16T05:00Z") });
    expect(friday).toMatchObject({
      kind: "nothing-to-do",
      reasons: [{ kind: "outside-window", until: "2026-01-19T01:00:00.000Z" }],
      isContended: false,
      until: at("2026-01-19T01:00Z"),
    });
    expect(await checkIn(db, id, { at: at("2026-01-19T00:59:59Z") })).toEqual(friday);
    expect(await checkIn(db, id, { at: at("2026-01-19T01:00Z") })).toMatchObject({
      kind: "install",
    });
    // What was offered goes on.
    expect(await checkIn(db, id, { at: at("2026-01-19T07:00Z"), isIdle: false })).toMatchObject({
      kind: "install",
    });
  });

  test("a window by the devices' own clocks opens when it is night where each of them is", async () => {
    const { db, ids, releaseId } = await fleet(["Asia/Tokyo", "America/New_York", null]);
    const [tokyo, newYork, nowhere] = ids as [DeviceId, DeviceId, DeviceId];
    const deployment = await deploy(db, releaseId, { plan: planWith("daily 02:00 4h device") });
    const noon = at("2026-01-16T18:00Z");

    expect(await checkIn(db, tokyo, { at: noon })).toMatchObject({ kind: "install" });
    expect(await checkIn(db, newYork, { at: noon })).toMatchObject({
      reasons: [{ kind: "outside-window", until: "2026-01-17T07:00:00.000Z" }],
    });
    expect(await checkIn(db, nowhere, { at: noon })).toMatchObject({
      reasons: [{ kind: "zone-unknown", attribute: "moult.time-zone", zone: null }],
      until: null,
    });
    const waiting = await waitingReasons(db, await refreshed(db, deployment.id), noon);
    expect(waiting.map(({ sentence }) => sentence).toSorted()).toEqual([
      "1 device reports no time zone (moult.time-zone) for the plan's windows.",
      "1 device waits for its window, which opens at 2026-01-17 07:00 UTC.",
    ]);
    expect(await explainWaiting(db, await refreshed(db, deployment.id), [newYork], noon)).toEqual([
      expect.objectContaining({
        kind: "outside-window",
        sentence:
          "The plan lets devices begin in its windows only; the next one opens at 2026-01-17 07:00 UTC.",
      }),
    ]);

    await reportZone(db, nowhere, "Asia/Tokyo");
    expect(await checkIn(db, nowhere, { at: noon })).toMatchObject({ kind: "install" });
  });

  test("a device that a person sends ahead waits for no window", async () => {
    const { db, ids, releaseId } = await fleet([null]);
    const [id] = ids as [DeviceId];
    const noon = at("2026-01-16T12:00Z");
    const deployment = await deploy(db, releaseId, { plan: planWith("daily 02:00 4h UTC") });
    expect(await checkIn(db, id, { at: noon })).toMatchObject({ kind: "nothing-to-do" });

    await orderDevice(db, deployment.id, id, "force", "Ada", { clock: clockAt(noon) });

    expect(await checkIn(db, id, { at: noon })).toMatchObject({ kind: "install" });
  });

  test("a plan by a zone that the server does not know is refused; devices without one are told of", async () => {
    const { db, releaseId } = await fleet(["Asia/Tokyo", "Mars/Olympus", null]);
    const noon = at("2026-01-16T12:00Z");
    const plan = Plan.parse(planWith("daily 02:00 4h Mars/Olympus", "daily 03:00 1h device"));

    await expect(deploy(db, releaseId, { plan })).rejects.toMatchObject({
      code: "invalid-request",
      message: expect.stringContaining("plan.windows.0.zone") as string,
    });
    const request = { releaseId, target: { kind: "all" as const }, plan };
    const { findings } = await previewDeployment(db, request, noon);
    expect(findings.filter(({ field }) => field.startsWith("plan.windows"))).toEqual([
      {
        severity: "error",
        field: "plan.windows.0.zone",
        sentence: "The server knows no time zone Mars/Olympus.",
      },
      {
        severity: "warning",
        field: "plan.windows",
        sentence:
          "1 device reports no time zone, and 1 device reports one that the server does not know (moult.time-zone): no window opens for them until that changes.",
      },
    ]);
  });

  test("an update that its device puts off until a window is told with the instant at which that opens", async () => {
    const { db, ids, releaseId } = await fleet([null]);
    const [id] = ids as [DeviceId];
    const noon = at("2026-01-16T12:00Z");
    await deploy(db, releaseId, {
      plan: {
        stages: [{ size: { remaining: true } }],
        windows: [Window.parse(windowFromText("install,reboot daily 02:00 4h UTC"))],
      },
    });
    const plan = await checkIn(db, id, { at: noon });
    const hold = {
      code: "outside-window",
      detail: "The next window of the plan opens at 2026-01-17 02:00 UTC.",
    };
    await report(
      db,
      id,
      plan,
      [{ kind: "deferred", sequence: 1, before: "install", holds: [hold] }],
      noon,
    );

    const device = await planningDevice(db, id);
    if (device === undefined) throw new Error("the device exists");
    expect(explain(await loadFacts(db, device, null, noon, "with-others"))).toMatchObject({
      summary:
        "The update to 2.0 is put off. The device waits before it installs: The next window of the plan opens at 2026-01-17 02:00 UTC.",
      earliest: at("2026-01-17T02:00Z"),
    });
  });
});
