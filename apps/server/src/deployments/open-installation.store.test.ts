import { MINUTE_MS, SECOND_MS, instant } from "@moult/base";
import { explain } from "@moult/planner";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import { silentLog, TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { changeDeployment } from "./change-deployment.ts";
import { planningDevice } from "./facts-queries.ts";
import {
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  clockAt,
  deploy,
  eventsOf,
  refreshed,
  report,
} from "./fleet.fixture.ts";
import { assignmentShown } from "./list-queries.ts";
import { loadFacts } from "./load-facts.ts";
import { openInstallation } from "./open-installation.ts";
import { createDeploymentTender } from "./tend-deployments.ts";

const HOUR_SECONDS = 3_600;
const at = (minutes: number) => instant(TEST_NOW + minutes * MINUTE_MS);
const NOT_OPEN = { code: "installation-not-open", detail: "It may not be installed yet." };
const KEEPS = { kind: "deferred", sequence: 2, before: "install", holds: [NOT_OPEN] } as const;

describe.each(DIALECTS)("a deployment that devices only download, on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  async function kept(mode: "download-only" | "optional" = "download-only") {
    const db = await store.newTenant();
    await addProduct(db);
    const [deviceId] = await addDevices(db, [1, 2]);
    if (deviceId === undefined) throw new Error("a device was added");
    const plan = {
      stages: [{ size: { remaining: true as const } }],
      mode,
      timeouts: { silenceSeconds: HOUR_SECONDS, downloadSeconds: 600, installSeconds: 600 },
    };
    const { id } = await deploy(db, await addRelease(db, "2.0"), { plan });
    const offer = await checkIn(db, deviceId);
    if (offer.kind !== "install") throw new Error("it is offered");
    await report(
      db,
      deviceId,
      offer,
      [{ kind: "downloading", progressPercent: 90, sequence: 1 }, KEEPS],
      instant(TEST_NOW + SECOND_MS),
    );
    let now = at(0);
    const tender = createDeploymentTender({ clock: { now: () => now }, log: silentLog });
    return {
      db,
      id,
      deviceId,
      open: (minutes: number) => openInstallation(db, id, "Ada", { clock: clockAt(at(minutes)) }),
      /** The server is up and looks each minute; nobody hears of the device. */
      until: async (minutes: number) => {
        for (; now < at(minutes); now = instant(now + MINUTE_MS)) await tender.tend(db);
        await tender.tend(db);
      },
      shown: () => assignmentShown(db, offer.offer.assignmentId),
      summary: async (minutes: number) => {
        const device = await planningDevice(db, deviceId);
        if (device === undefined) throw new Error("the device exists");
        return explain(await loadFacts(db, device, false, at(minutes))).summary;
      },
    };
  }

  test("takes no device for silent, or for slow, that keeps what it downloaded; its time begins with a person's word", async () => {
    const { open, until, shown, summary } = await kept();
    await until(300);
    expect(await shown()).toMatchObject({ state: "downloading", deferral: { before: "install" } });
    expect(await summary(300)).toBe(
      "The update to 2.0 is put off. The device waits before it installs: It may not be installed yet.",
    );

    await open(300);
    expect(await summary(300)).toBe(
      "The device is told at its next check-in that it may install 2.0.",
    );
    await until(359);
    expect((await shown())?.state).toBe("downloading");
    await until(360);
    expect(await shown()).toMatchObject({ state: "closed", outcome: "silent" });
  });

  test("takes one for silent that keeps it for another's sake than the deployment's", async () => {
    const { until, shown } = await kept("optional");
    await until(61);
    expect(await shown()).toMatchObject({ state: "closed", outcome: "silent" });
  });

  test("is opened once, by whoever was first", async () => {
    const { db, id, open } = await kept();
    await open(1);
    await open(2);
    expect((await refreshed(db, id)).installationOpenedAt).toBe(at(1));
    const events = await eventsOf(db, id);
    expect(events.filter((kind) => kind === "installation-opened")).toHaveLength(1);
  });

  test("is not opened while it stands still, nor where nobody waits for it", async () => {
    const { db, id, open } = await kept();
    await changeDeployment(db, id, "pause", "Ada", { clock: clockAt(at(1)) });
    await expect(open(1)).rejects.toMatchObject({
      code: "state-conflict",
      message: expect.stringContaining("A deployment that is paused installs nothing") as string,
    });
    await expect((await kept("optional")).open(1)).rejects.toMatchObject({
      code: "state-conflict",
    });
  });
});
