import { instant, seededRandom } from "@moult/base";
import { HardwareType, type DeploymentId, type DeviceId } from "@moult/model";
import { PLACES } from "@moult/planner";
import { describe, expect, test } from "vitest";
import { asOperator } from "../devices/test-fleet.fixture.ts";
import { DIALECTS } from "../platform/dialect.ts";
import { TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import {
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  clockAt,
  deploy,
  finished,
  report,
} from "./fleet.fixture.ts";
import { createDeploymentHandlers } from "./operations.ts";

const countUp = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const errorStop = { count: 2 };
const staged = {
  stages: [
    { size: { percent: 50 }, errorStop },
    { size: { remaining: true as const }, errorStop },
  ],
};

describe.each(DIALECTS)("how far deployments are, on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const handlers = (at = instant(TEST_NOW + 60_000)) =>
    createDeploymentHandlers({ clock: clockAt(at) });
  const about = (deploymentId: DeploymentId) => ({
    params: { deploymentId },
    query: undefined,
    body: undefined,
  });
  const progress = (db: TenantDb, id: DeploymentId) =>
    handlers().showDeploymentProgress(asOperator(db), about(id));
  const rehearse = (db: TenantDb, id: DeploymentId, action: "pause" | "resume" | "abort") =>
    handlers().rehearseDeploymentChange(asOperator(db), { ...about(id), query: { action } });
  const waiting = async (db: TenantDb, id: DeploymentId, limit = 50) => {
    const { items } = await handlers().listWaitingDevices(asOperator(db), {
      ...about(id),
      query: { limit },
    });
    return items;
  };
  const change = (db: TenantDb, action: "pauseDeployment" | "abortDeployment", id: DeploymentId) =>
    handlers()[action](asOperator(db), about(id));

  /** Draws as devices have them: those that follow each other would have places that lie side by side. */
  const drawn = (count: number) => {
    const random = seededRandom(count);
    return countUp(count).map(() => 1 + Math.floor(random.fraction() * (PLACES - 2)));
  };
  const fleet = async (count: number, draws = countUp(count)) => {
    const db = await store.newTenant();
    await addProduct(db);
    return {
      db,
      ids: await addDevices(db, draws),
      releaseId: await addRelease(db, "2.0"),
    };
  };
  /** The devices that the first stage admits, and those that it does not. */
  const admit = async (db: TenantDb, ids: readonly DeviceId[]) => {
    const offered: { deviceId: DeviceId; plan: Awaited<ReturnType<typeof checkIn>> }[] = [];
    for (const deviceId of ids) {
      const plan = await checkIn(db, deviceId);
      if (plan.kind === "install") offered.push({ deviceId, plan });
    }
    return offered;
  };

  test("a list is of the states that were asked for, the newest first", async () => {
    const { db, releaseId } = await fleet(2);
    const { id: running } = await deploy(db, releaseId);
    const { id: paused } = await deploy(db, releaseId);
    const { id: aborted } = await deploy(db, releaseId);
    await change(db, "pauseDeployment", paused);
    await change(db, "abortDeployment", aborted);
    const listed = async (state?: string) => {
      const { items } = await handlers().listDeployments(asOperator(db), {
        params: undefined,
        query: { limit: 50, ...(state === undefined ? {} : { state }) },
        body: undefined,
      });
      return items.map(({ id }) => id);
    };

    expect(await listed()).toEqual([aborted, paused, running]);
    expect(await listed("running,paused")).toEqual([paused, running]);
    expect(await listed("aborted")).toEqual([aborted]);
    expect(await listed("tripped,finished")).toEqual([]);
  });

  test("each stage says how many it adds and how those fared, and alike failures are told once", async () => {
    const { db, ids, releaseId } = await fleet(6);
    const { id } = await deploy(db, releaseId, {
      plan: { ...staged, limits: { concurrentMax: 10 } },
    });
    const [one, two, three] = await admit(db, ids);
    if (one === undefined || two === undefined || three === undefined)
      throw new Error("three devices are half of six");
    await report(db, one.deviceId, one.plan, [finished("succeeded", "2.0")]);
    await report(db, two.deviceId, two.plan, [
      finished("rolled-back", "1.0", "health-check-failed"),
    ]);
    await report(db, three.deviceId, three.plan, [
      { kind: "downloading", sequence: 1, progressPercent: 5 },
    ]);

    const seen = await progress(db, id);
    expect(seen.stages).toEqual([
      {
        size: { percent: 50 },
        deviceCount: 3,
        admitted: 3,
        open: 1,
        succeeded: 1,
        failed: 1,
        state: "running",
      },
      {
        size: { remaining: true },
        deviceCount: 3,
        admitted: 0,
        open: 0,
        succeeded: 0,
        failed: 0,
        state: "next",
      },
    ]);
    expect(seen.openByState).toMatchObject({ offered: 0, downloading: 1, installing: 0 });
    expect(seen.failures).toEqual([
      {
        outcome: "rolled-back",
        code: "health-check-failed",
        count: 1,
        detail: null,
        samples: [{ id: two.deviceId, name: two.deviceId }],
      },
    ]);
    expect(seen.waiting).toEqual([
      { kind: "stage-not-reached", sentence: "3 devices have their turn in stage 2.", count: 3 },
    ]);
    expect(seen.timeline[0]).toMatchObject({ succeeded: 0, rolledBack: 0 });
    expect(seen.timeline.at(-1)).toEqual({
      at: new Date(TEST_NOW + 60_000).toISOString(),
      succeeded: 1,
      failed: 0,
      rolledBack: 1,
      other: 0,
    });

    const failed = await handlers().listAssignments(asOperator(db), {
      ...about(id),
      query: { limit: 50, stage: 0, code: "health-check-failed" },
    });
    expect(failed.items.map(({ deviceId }) => deviceId)).toEqual([two.deviceId]);
  });

  test("who waits is counted by reason as each of them is told it", async () => {
    const { db, ids, releaseId } = await fleet(8);
    await addDevices(db, [20], HardwareType.parse("old-board"));
    await addDevices(db, [21], undefined, { pathPrefix: "gw2/dev/" });
    const { id } = await deploy(db, releaseId, {
      plan: { ...staged, limits: { concurrentMax: 2 } },
    });
    expect(await admit(db, ids)).toHaveLength(2);

    const [seen, devices] = [await progress(db, id), await waiting(db, id)];
    const told = Map.groupBy(devices, ({ kind }) => kind);
    expect(Object.fromEntries(seen.waiting.map(({ kind, count }) => [kind, count]))).toEqual(
      Object.fromEntries([...told].map(([kind, alike]) => [kind, alike.length])),
    );
    expect(new Set(told.keys())).toEqual(
      new Set([
        "concurrent-limit",
        "stage-not-reached",
        "no-artifact-for-hardware",
        "outside-path-prefix",
      ]),
    );
    expect(devices).toHaveLength(8);
    await change(db, "pauseDeployment", id);
    expect((await progress(db, id)).waiting).toEqual([
      {
        kind: "deployment-not-running",
        sentence: "8 devices wait, because the deployment is paused.",
        count: 8,
      },
    ]);
  });

  test("of a target too large to rank, who waits is counted by place, as each is told", async () => {
    const { db, ids, releaseId } = await fleet(1_200, drawn(1_200));
    const { id } = await deploy(db, releaseId, {
      plan: { ...staged, limits: { concurrentMax: 3 } },
    });
    await admit(db, ids.slice(0, 40));
    const seen = await progress(db, id);
    const total = seen.waiting.reduce((sum, { count }) => sum + count, 0);
    const sample = await waiting(db, id, 100);

    expect(total).toBe(1_197);
    expect(seen.waiting.map(({ kind }) => kind).sort()).toEqual([
      "concurrent-limit",
      "stage-not-reached",
    ]);
    const share = (kind: string) =>
      sample.filter((device) => device.kind === kind).length / sample.length;
    const counted = seen.waiting.find(({ kind }) => kind === "stage-not-reached")?.count ?? 0;
    expect(Math.abs(share("stage-not-reached") - counted / total)).toBeLessThan(0.25);
  });

  test("a newer deployment, another update and a shared key are reasons too", async () => {
    const { db, ids, releaseId } = await fleet(4);
    const [updating, twin, taken] = ids;
    if (updating === undefined || twin === undefined || taken === undefined)
      throw new Error("devices were added");
    const older = await deploy(db, releaseId);
    const newer = await deploy(db, await addRelease(db, "3.0"), {
      target: { kind: "devices", deviceIds: [updating, taken] },
    });
    await checkIn(db, updating);
    await db.transaction(async (inner) => {
      await inner.kysely
        .updateTable("device")
        .set({ identity_conflict_at: TEST_NOW })
        .where("id", "=", twin)
        .execute();
    });

    const kinds = async () =>
      Object.fromEntries(
        (await progress(db, older.id)).waiting.map(({ kind, count }) => [kind, count]),
      );
    expect(await kinds()).toEqual({
      "update-in-progress": 1,
      "identity-conflict": 1,
      superseded: 1,
      "next-check-in": 1,
    });
    const told = await waiting(db, older.id);
    expect(Object.fromEntries(told.map((device) => [device.id, device.kind]))).toMatchObject({
      [updating]: "update-in-progress",
      [twin]: "identity-conflict",
      [taken]: "superseded",
    });
    await report(db, taken, await checkIn(db, taken), [finished("succeeded", "3.0")]);
    await change(db, "abortDeployment", newer.id);
    expect((await kinds())["superseded"]).toBe(1);
  });

  test("who waits is paged by id", async () => {
    const { db, ids, releaseId } = await fleet(5);
    const { id } = await deploy(db, releaseId);
    const page = (cursor?: string) =>
      handlers().listWaitingDevices(asOperator(db), { ...about(id), query: { limit: 3, cursor } });
    const first = await page();
    const rest = await page(first.nextCursor ?? "");

    expect([...first.items, ...rest.items].map((device) => device.id)).toEqual([...ids].sort());
    expect(rest.nextCursor).toBeNull();
    expect(first.items[0]).toMatchObject({
      kind: "next-check-in",
      sentence: "It is offered at its next check-in.",
    });
  });

  test("what a word would do is said with numbers, and after it what cannot be done", async () => {
    const { db, ids, releaseId } = await fleet(6);
    const { id } = await deploy(db, releaseId, {
      plan: { ...staged, limits: { concurrentMax: 10 } },
    });
    const [one, two] = await admit(db, ids);
    if (one === undefined || two === undefined) throw new Error("half of six are offered it");
    await report(db, one.deviceId, one.plan, [finished("succeeded", "2.0")]);
    await report(db, two.deviceId, two.plan, [{ kind: "installing", sequence: 1 }]);

    expect(await rehearse(db, id, "abort")).toEqual({
      isPossible: true,
      button: "Abort, 1 keep 2.0",
      sentence:
        "3 devices never start. 1 device has not begun to install: it stops and keeps what it runs. " +
        "1 device is installing and finishes or rolls back by itself. " +
        "1 device that runs 2.0 keeps it: to take it back, roll the deployment back. It cannot be resumed.",
    });
    expect(await rehearse(db, id, "pause")).toMatchObject({ isPossible: true, button: "Pause" });
    await change(db, "abortDeployment", id);
    expect(await rehearse(db, id, "abort")).toMatchObject({
      isPossible: false,
      sentence: "It was aborted, for good.",
    });
    const { stages, waiting: waits } = await progress(db, id);
    expect(stages.map(({ state }) => state)).toEqual(["stopped", "skipped"]);
    expect(waits).toEqual([]);
  });
});
