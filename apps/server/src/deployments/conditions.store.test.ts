import { instant } from "@moult/base";
import { Plan, type DeviceId, type ReportedContext } from "@moult/model";
import { describe, expect, test } from "vitest";
import { recordContext } from "../devices/index.ts";
import { DIALECTS } from "../platform/dialect.ts";
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
} from "./fleet.fixture.ts";
import { orderDevice } from "./order-device.ts";
import { previewDeployment } from "./preview-deployment.ts";

const AT = instant(TEST_NOW + 60_000);
const stages = [{ size: { remaining: true as const } }];
const conditions = "context.busy = false AND context.batteryPercent >= 50";

describe.each(DIALECTS)("a plan with conditions, on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  async function fleet(contexts: readonly (ReportedContext | null)[]) {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(
      db,
      contexts.map((_, index) => index + 1),
    );
    for (const [index, context] of contexts.entries())
      if (context !== null)
        await db.transaction((inner) =>
          recordContext(inner, ids[index] as DeviceId, context, TEST_NOW),
        );
    return { db, ids, releaseId: await addRelease(db, "2.0") };
  }

  const MIXED = [
    { busy: false, batteryPercent: 50 },
    { busy: false, batteryPercent: 45 },
    { busy: true, batteryPercent: 100 },
    { busy: true, batteryPercent: 100 },
    null,
  ] as const;

  test("offers the release to those who meet them, and says of the others how many wait and for what", async () => {
    const { db, ids, releaseId } = await fleet(MIXED);
    const deployment = await deploy(db, releaseId, { plan: { stages, conditions } });

    const kinds = [];
    for (const id of ids) kinds.push((await checkIn(db, id, { at: AT })).kind);
    expect(kinds).toEqual(["install", ...Array.from({ length: 4 }, () => "nothing-to-do")]);

    expect(await waitingReasons(db, await refreshed(db, deployment.id), AT)).toEqual([
      {
        kind: "condition-unmet",
        count: 4,
        sentence: `4 devices wait until ${conditions}.`,
      },
    ]);
    const [, , busy] = ids as [DeviceId, DeviceId, DeviceId];
    expect(await explainWaiting(db, await refreshed(db, deployment.id), [busy], AT)).toEqual([
      expect.objectContaining({
        kind: "condition-unmet",
        sentence: `The plan offers the release while ${conditions}, and the device says: busy, battery 100 %.`,
      }),
    ]);

    await orderDevice(db, deployment.id, busy, "force", "Ada", { clock: clockAt(AT) });
    expect(await checkIn(db, busy, { at: AT })).toMatchObject({ kind: "install" });
  });

  test("is previewed with those who do not meet them now, of the devices that it is for", async () => {
    const { db, releaseId } = await fleet(MIXED);
    const request = { releaseId, target: { kind: "all" as const } };
    const preview = (plan: object) =>
      previewDeployment(db, { ...request, plan: Plan.parse({ stages, ...plan }) }, AT);
    const remarks = async (plan: object) =>
      (await preview(plan)).findings
        .filter(({ field }) => field === "plan.conditions")
        .map(({ severity, sentence }) => `${severity}: ${sentence}`);

    expect(await remarks({})).toEqual([]);
    expect(await remarks({ conditions })).toEqual([
      "warning: 4 of 5 devices do not meet the conditions now and would wait; 1 of them has never said anything of its circumstances.",
    ]);
    // Whoever would get it in the end is who gets it without conditions.
    expect(await preview({ conditions })).toMatchObject({ gets: 5, cannot: [] });
    expect(await remarks({ conditions: "context.busy" })).toEqual([
      expect.stringMatching(/^error: At character 13 of the query/) as unknown,
    ]);
  });

  test.each([
    ["context.busy = true AND context.busy = false", /does not hold: nobody would be offered/],
    [
      "inventory.region = eu",
      /plan\.conditions: At character 1 of the query: expected a field: context\.busy/,
    ],
  ])("is refused that nobody could meet, or read: %s", async (wrong, sentence) => {
    const { db, releaseId } = await fleet([null]);
    await expect(
      deploy(db, releaseId, { plan: { stages, conditions: wrong } }),
    ).rejects.toMatchObject({
      code: "invalid-request",
      message: expect.stringMatching(sentence) as string,
    });
  });
});
