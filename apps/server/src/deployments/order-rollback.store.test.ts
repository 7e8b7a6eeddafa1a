import { instant, present, type InstantMs } from "@moult/base";
import type { DeploymentId, DeviceId, ReleaseId, SafeguardId, TenantId } from "@moult/model";
import type { Kysely } from "kysely";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import { newId } from "../platform/new-id.ts";
import type { Schema } from "../platform/schema.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { silentLog, TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import {
  ADA,
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  clockAt,
  deploy,
  eventsOf,
  finished,
  refreshed,
  report,
  setRunning,
  TRAITS,
} from "./fleet.fixture.ts";
import { orderRollback, previewRollback } from "./order-rollback.ts";
import { deploymentById } from "./queries.ts";
import { rollbacksOf } from "./rollback-queries.ts";
import { showDeployments } from "./show-deployments.ts";
import { createDeploymentTender } from "./tend-deployments.ts";
import { verifyChain } from "./verify-chain.ts";

const at = (seconds: number): InstantMs => instant(TEST_NOW + seconds * 1_000);
type Execution = { readonly execute: () => Promise<unknown> };
type Three = [DeviceId, DeviceId, DeviceId];

describe.each(DIALECTS)("what a person rolls back, on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  async function fleet() {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = (await addDevices(db, [1, 2, 3])) as Three;
    const before = await addRelease(db, "1.0");
    return { db, ids, before, bad: await addRelease(db, "2.0") };
  }

  const tend = (db: TenantDb, seconds: number) =>
    createDeploymentTender({ clock: clockAt(at(seconds)), log: silentLog }).tend(db);

  const order = (
    db: TenantDb,
    id: DeploymentId,
    seconds: number,
    request: { readonly to?: ReleaseId; readonly unable?: "leave" } = {},
  ) =>
    orderRollback(db, id, { unable: "refuse", ...request }, ADA, { clock: clockAt(at(seconds)) });

  const preview = (db: TenantDb, id: DeploymentId, to?: ReleaseId) =>
    previewRollback(db, id, { unable: "refuse", ...(to === undefined ? {} : { to }) }, at(100));

  async function update(db: TenantDb, id: DeviceId, to: string, seconds: number) {
    const plan = await checkIn(db, id, { at: at(seconds) });
    await report(db, id, plan, [finished("succeeded", to)], at(seconds));
    await setRunning(db, id, to);
    return plan;
  }

  async function installing(db: TenantDb, id: DeviceId, seconds: number) {
    const plan = await checkIn(db, id, { at: at(seconds) });
    await report(db, id, plan, [{ kind: "installing", sequence: 1 }], at(seconds));
    return plan;
  }

  const backOf = async (db: TenantDb, id: DeploymentId) => {
    const ids = (await rollbacksOf(db, [id])).get(id) ?? [];
    return Promise.all(
      ids.map(async (each) => present(await deploymentById(db, each), "it exists")),
    );
  };

  test("goes back to what each device ran, and who was installing follows once it runs it", async () => {
    const { db, ids, bad } = await fleet();
    const [done, late, untouched] = ids;
    const { id } = await deploy(db, bad);
    await update(db, done, "2.0", 1);
    const latePlan = await installing(db, late, 2);

    expect(await preview(db, id)).toMatchObject({
      isPossible: true,
      sentence:
        "1 device that runs 2.0 goes back to 1.0. 1 device is at installing 2.0 and goes back once it runs it. It is aborted, for good: nobody else gets 2.0. They go without stages, at most 50 at a time.",
      button: "Roll 1 device back",
      groups: [{ from: "1.0", to: { version: "1.0" }, count: 1, unable: 0 }],
    });
    await order(db, id, 3);

    expect(await refreshed(db, id)).toMatchObject({ state: "aborted" });
    expect((await eventsOf(db, id)).slice(-2)).toEqual([
      "deployment-state-changed",
      "deployment-rolled-back",
    ]);
    const [back] = await backOf(db, id);
    expect(back).toMatchObject({ version: "1.0", createdBy: "Ada", createdByUser: ADA.userId });
    expect(await checkIn(db, untouched, { at: at(4) })).toMatchObject({ kind: "nothing-to-do" });
    expect(await update(db, done, "1.0", 5)).toMatchObject({ offer: { artifactName: "1.0" } });

    await report(db, late, latePlan, [finished("succeeded", "2.0")], at(6));
    await setRunning(db, late, "2.0");
    await tend(db, 7);
    expect(await update(db, late, "1.0", 8)).toMatchObject({ offer: { artifactName: "1.0" } });
    const [shown] = await showDeployments(db, [await refreshed(db, id)]);
    expect(shown?.rollback).toMatchObject({ order: { by: "Ada", to: null }, problems: [] });
    expect(await verifyChain(db, id, 0)).toMatchObject({ firstBreak: null });
  });

  test("is done once, however often and by however many it is asked for", async () => {
    const { db, ids, bad, before } = await fleet();
    const { id } = await deploy(db, bad);
    await update(db, ids[0], "2.0", 1);

    await Promise.all([order(db, id, 2), order(db, id, 2), order(db, id, 2)]);
    const events = await eventsOf(db, id);
    await order(db, id, 3);
    await tend(db, 4);

    expect(await backOf(db, id)).toHaveLength(1);
    expect(await eventsOf(db, id)).toEqual(events);
    expect(events.filter((kind) => kind === "deployment-rolled-back")).toHaveLength(1);
    // Nobody is left who could go elsewhere.
    await expect(order(db, id, 5, { to: before })).rejects.toMatchObject({
      code: "state-conflict",
    });
  });

  test("goes to a named release, also from a deployment that is finished, and not to its own", async () => {
    const { db, ids, bad } = await fleet();
    const good = await addRelease(db, "1.9");
    const { id } = await deploy(db, bad);
    for (const [index, device] of ids.entries()) await update(db, device, "2.0", index);
    expect(await refreshed(db, id)).toMatchObject({ state: "finished" });

    await expect(order(db, id, 9, { to: bad })).rejects.toMatchObject({
      code: "rollback-impossible",
    });
    await order(db, id, 10, { to: good });

    expect(await refreshed(db, id)).toMatchObject({ state: "finished" });
    for (const device of ids)
      expect(await update(db, device, "1.9", 11)).toMatchObject({ offer: { artifactName: "1.9" } });
    const [back] = await backOf(db, id);
    expect(back).toMatchObject({ name: "Back to 1.9 from 2.0" });
    await expect(order(db, present(back, "made").id, 12)).rejects.toMatchObject({
      code: "state-conflict",
      detail: expect.stringContaining("takes devices back itself") as string,
    });
  });

  test("changes nothing where some device could not go back, unless those are left", async () => {
    const { db, ids, bad } = await fleet();
    const [plain, odd] = ids;
    await setRunning(db, odd, "factory");
    const { id } = await deploy(db, bad);
    await update(db, plain, "2.0", 1);
    await update(db, odd, "2.0", 2);
    const problem =
      "1 device that ran factory could not be rolled back: no release factory with an artifact for them is here.";

    await expect(order(db, id, 3)).rejects.toMatchObject({
      code: "rollback-impossible",
      detail: problem,
    });
    expect(await preview(db, id)).toMatchObject({ isPossible: false, problems: [problem] });
    expect(await refreshed(db, id)).toMatchObject({ state: "running", rollbackOrder: null });
    expect(await backOf(db, id)).toEqual([]);

    await order(db, id, 4, { unable: "leave" });
    expect(await refreshed(db, id)).toMatchObject({
      state: "aborted",
      rollbackProblems: [problem],
    });
    expect(await update(db, plain, "1.0", 5)).toMatchObject({ offer: { artifactName: "1.0" } });
    expect(await checkIn(db, odd, { at: at(6) })).toMatchObject({ kind: "nothing-to-do" });
    // Who is not on the way back may still go elsewhere.
    await order(db, id, 7, { to: await addRelease(db, "1.9") });
    expect(await update(db, odd, "1.9", 8)).toMatchObject({ offer: { artifactName: "1.9" } });
  });

  const artifactsOf = (db: Kysely<Schema>, back: ReleaseId) =>
    db.selectFrom("artifact").select("id").where("release_id", "=", back);

  test.each<
    [string, (db: Kysely<Schema>, back: ReleaseId, tenantId: TenantId) => Execution[], string]
  >([
    [
      "is not signed",
      (db, back) => [
        db.deleteFrom("trust_target").where("artifact_id", "in", artifactsOf(db, back)),
      ],
      "they have not signed this release yet",
    ],
    [
      "has a lower security counter than devices hold",
      (db, back) => [
        db
          .updateTable("trust_target")
          .set({ security_counter: 1, conflicts: "{}" })
          .where("artifact_id", "in", artifactsOf(db, back)),
        db
          .updateTable("device")
          .set({ traits: JSON.stringify({ ...TRAITS, securityCounter: 2 }) })
          .where("traits", "is not", null),
      ],
      "security counter 1",
    ],
    [
      "lacks its depends",
      (db, back) => [
        db
          .updateTable("artifact")
          .set({ depends: JSON.stringify({ "rootfs-image.version": ["0.9"] }) })
          .where("release_id", "=", back),
      ],
      "rootfs-image.version",
    ],
    [
      "a safeguard keeps from them",
      (db, back, tenantId) => [
        db.insertInto("safeguard").values({
          id: newId<SafeguardId>(),
          tenant_id: tenantId,
          release_id: back,
          query: "running = 2.0",
          note: "Breaks the modem.",
          created_by: "Ada",
          created_at: TEST_NOW,
          lifted_by: null,
          lifted_at: null,
        }),
      ],
      "Breaks the modem",
    ],
  ])("refuses a release that %s", async (_what, spoil, words) => {
    const { db, ids, before, bad } = await fleet();
    const { id } = await deploy(db, bad);
    await update(db, ids[0], "2.0", 1);
    await db.transaction(async (inner) => {
      for (const step of spoil(inner.kysely, before, db.tenantId)) await step.execute();
    });

    await expect(order(db, id, 2, { to: before })).rejects.toMatchObject({
      code: "rollback-impossible",
      detail: expect.stringContaining(words) as string,
    });
    expect(await refreshed(db, id)).toMatchObject({ state: "running" });
  });

  test("is not made of a deployment that brought nothing", async () => {
    const { db, bad } = await fleet();
    const { id } = await deploy(db, bad);

    await expect(order(db, id, 1)).rejects.toMatchObject({
      code: "state-conflict",
      detail: "No device runs 2.0 because of it: abort it instead.",
    });
    await expect(order(db, newId<DeploymentId>(), 1)).rejects.toMatchObject({
      code: "not-found",
    });
  });
});
