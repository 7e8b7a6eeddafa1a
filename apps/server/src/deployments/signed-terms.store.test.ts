import { DAY_MS, HOUR_MS, instant, present } from "@moult/base";
import { Plan, type ClientTraits, type DeploymentId, type DeviceId } from "@moult/model";
import { explain } from "@moult/planner";
import { describe, expect, test } from "vitest";
import { asOperator } from "../devices/test-fleet.fixture.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { planningDevice } from "./facts-queries.ts";
import {
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  clockAt,
  deploy,
  eventsOf,
} from "./fleet.fixture.ts";
import { loadFacts } from "./load-facts.ts";
import { createDeploymentHandlers } from "./operations.ts";
import { publishTerms, type TestTerms } from "./signed-release.fixture.ts";

const SOON = instant(TEST_NOW + HOUR_MS);

describe.each(DIALECTS)("releases that offline keys allow for some devices, on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  const scene = async (terms: Partial<TestTerms>) => {
    const db = await store.newTenant();
    await addProduct(db);
    const releaseId = await addRelease(db, "2.0");
    await publishTerms(db, releaseId, terms);
    return { db, releaseId };
  };
  const join = async (db: TenantDb, traits: Partial<ClientTraits> = {}): Promise<DeviceId> => {
    const ids = await addDevices(db, [7], undefined, traits);
    return present(ids[0], "one was added");
  };
  const why = async (db: TenantDb, deviceId: DeviceId, at = TEST_NOW) => {
    const device = present(await planningDevice(db, deviceId), "the device exists");
    return explain(await loadFacts(db, device, null, at, "with-others"));
  };
  const waitingFor = async (db: TenantDb, deploymentId: DeploymentId, at = TEST_NOW) => {
    const { waiting } = await createDeploymentHandlers({
      clock: clockAt(at),
    }).showDeploymentProgress(asOperator(db), {
      params: { deploymentId },
      query: undefined,
      body: undefined,
    });
    return waiting.map(({ kind, count }) => ({ kind, count }));
  };

  test("a device waits until the instant that was signed, is refused nothing, and gets it then", async () => {
    const { db, releaseId } = await scene({ notBefore: SOON });
    const deviceId = await join(db);
    const { id } = await deploy(db, releaseId);

    expect(await checkIn(db, deviceId)).toMatchObject({
      kind: "nothing-to-do",
      until: SOON,
      reasons: [{ kind: "too-early", until: new Date(SOON).toISOString() }],
    });
    expect(await why(db, deviceId)).toMatchObject({ earliest: SOON });
    expect(await waitingFor(db, id)).toEqual([{ kind: "too-early", count: 1 }]);
    expect(await eventsOf(db, id)).toEqual(["deployment-created"]);
    expect(await waitingFor(db, id, SOON)).toEqual([{ kind: "next-check-in", count: 1 }]);
    expect(await checkIn(db, deviceId, { at: SOON })).toMatchObject({ kind: "install" });
  });

  test("devices are counted by what keeps them out, as the preview had said", async () => {
    const { db, releaseId } = await scene({
      securityCounter: 2,
      minAgent: "0.1",
      conflicts: { artifact_name: ["0.9"] },
    });
    await addDevices(db, [1, 2]);
    await addDevices(db, [3, 4, 5], undefined, { client: "moult-agent/0.0.9" });
    const tooLow = await addDevices(db, [6], undefined, { securityCounter: 3 });
    const conflicting = await join(db, { securityCounter: 2 });
    await db.transaction(async ({ kysely }) => {
      await kysely
        .updateTable("device")
        .set({ running_artifact: "0.9" })
        .where("id", "=", conflicting)
        .execute();
    });
    const { previewDeployment } = createDeploymentHandlers({
      clock: clockAt(TEST_NOW),
    });
    const preview = await previewDeployment(asOperator(db), {
      params: undefined,
      query: undefined,
      body: {
        releaseId,
        target: { kind: "all" },
        plan: Plan.parse({ stages: [{ size: { remaining: true } }] }),
      },
    });
    const counted = [
      { kind: "agent-too-old", count: 3 },
      { kind: "security-counter-too-low", count: 1 },
      { kind: "conflict", count: 1 },
    ] as const;
    expect(preview.gets).toBe(2);
    expect(preview.cannot.map(({ kind, count }) => ({ kind, count }))).toEqual(
      expect.arrayContaining([...counted]),
    );

    const { id } = await deploy(db, releaseId);
    const waiting = await waitingFor(db, id);
    expect(waiting).toHaveLength(counted.length + 1);
    expect(waiting).toEqual(
      expect.arrayContaining([...counted, { kind: "next-check-in", count: 2 }]),
    );
    const { reasons } = await why(db, present(tooLow[0], "one was added"));
    expect(reasons[0]?.reason).toMatchObject({
      kind: "security-counter-too-low",
      releaseCounter: 2,
      deviceCounter: 3,
    });
  });

  test("a deployment that waits for what was signed to be valid again is counted so, too", async () => {
    const { db, releaseId } = await scene({});
    await join(db);
    const { id } = await deploy(db, releaseId);
    const afterItsEnd = instant(TEST_NOW + 400 * DAY_MS);
    expect(await waitingFor(db, id, afterItsEnd)).toEqual([{ kind: "trust-expired", count: 1 }]);
  });

  test("an offer that the device has not begun is taken back when its terms are signed anew", async () => {
    const { db, releaseId } = await scene({});
    const deviceId = await join(db);
    const { id } = await deploy(db, releaseId);
    expect(await checkIn(db, deviceId)).toMatchObject({ kind: "install" });

    await publishTerms(db, releaseId, { notBefore: SOON });
    expect(await checkIn(db, deviceId)).toMatchObject({
      reasons: [{ kind: "too-early" }],
    });
    expect(await checkIn(db, deviceId, { at: SOON })).toMatchObject({
      kind: "install",
      offer: { deploymentId: id, attempt: 2 },
    });
  });
});
