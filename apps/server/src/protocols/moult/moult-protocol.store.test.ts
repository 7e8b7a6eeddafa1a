import { MINUTE_MS, later, utf8 } from "@moult/base";
import { INSTALLED_FROM_ATTRIBUTE, UNDECIDED_ATTRIBUTE } from "@moult/device-protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { explainWaiting, waitingReasons } from "../../deployments/explain-waiting.ts";
import {
  PRODUCT,
  addProduct,
  addRelease,
  deploy,
  refreshed,
} from "../../deployments/fleet.fixture.ts";
import { publishTerms } from "../../deployments/signed-release.fixture.ts";
import { asOperator, eventBodies } from "../../devices/test-fleet.fixture.ts";
import { createGroupHandlers } from "../../groups/index.ts";
import { DIALECTS } from "../../platform/dialect.ts";
import { raisePlanningEpoch } from "../../platform/planning-epoch.ts";
import type { TenantDb } from "../../platform/tenant-db.ts";
import { TEST_NOW, useTestDatabase } from "../../platform/test-database.fixture.ts";
import {
  addToken,
  startMoultServer,
  TestDevice,
  type MoultServer,
} from "./moult-server.fixture.ts";

describe.each(DIALECTS)("the device protocol on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  let server: MoultServer;
  beforeAll(async () => {
    server = await startMoultServer(store);
  });
  afterAll(() => server.close());

  const fleet = async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const token = await addToken(db);
    const newDevice = () => new TestDevice(server, db).join(token);
    return { db, token, newDevice };
  };
  const deviceRow = (db: TenantDb, device: TestDevice) =>
    db.kysely
      .selectFrom("device")
      .selectAll()
      .where("id", "=", device.id)
      .executeTakeFirstOrThrow();

  test("a device that joins learns signed that there is nothing to do, and then that this holds", async () => {
    const { newDevice } = await fleet();
    const device = await newDevice();

    expect(await device.checkIn()).toMatchObject({
      action: { kind: "nothing-to-do" },
      ask: [],
      checkInSeconds: 60,
    });
    expect(await device.checkIn()).toBe("holds");
    expect(await device.checkIn({})).toBe("holds");
  });

  test("a check-in without news changes nothing in the database", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await device.checkIn();
    const before = await deviceRow(db, device);

    for (let times = 0; times < 3; times += 1) await device.checkIn({});

    expect(await deviceRow(db, device)).toEqual(before);
  });

  test("a device that asks for a fresh answer gets one, bound to its nonce", async () => {
    const { newDevice } = await fleet();
    const device = await newDevice();
    await device.checkIn();
    const { generation } = device;

    expect(await device.checkIn({ fresh: true })).toMatchObject({ generation: generation + 1 });
    expect(await device.checkIn({})).toBe("holds");
  });

  test("what the server has no content of, it asks for, and decides nothing by what it knew before", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await device.checkIn();
    const releaseId = await addRelease(db, "2.0");
    await deploy(db, releaseId);
    device.running = { artifactName: "2.0", provides: {} };

    expect(await device.checkIn({})).toMatchObject({
      action: { kind: "nothing-to-do" },
      ask: ["running"],
    });
    // It turns out to run the release already.
    expect(await device.checkIn({ running: device.running })).toBe("holds");
    expect(await deviceRow(db, device)).toMatchObject({ running_artifact: "2.0" });
  });

  test("a device takes an offer, reports it, sends its log and is done", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await device.checkIn();
    const deployment = await deploy(db, await addRelease(db, "2.0"));

    const offer = await device.offered();
    const [component] = offer.components;
    const content = utf8("the artifact's bytes");
    server.blobs.set(component?.sha256 ?? "", content);
    const blob = await device.blob(component?.sha256 ?? "", { range: "bytes=4-11" });
    expect([blob.statusCode, blob.body]).toEqual([206, "artifact"]);

    const updating = {
      activity: { kind: "updating", assignmentId: offer.assignmentId, attempt: 1 },
    } as const;
    expect(await device.checkIn(updating)).toBe("holds");
    const progress = await device.report(offer.assignmentId, 1, [
      { kind: "downloading", sequence: 1, progressPercent: 10 },
      { kind: "installing", sequence: 2 },
    ]);
    expect(progress.statusCode).toBe(204);
    expect(await device.checkIn(updating)).toBe("holds");

    device.running = { artifactName: "2.0", provides: { "rootfs-image.version": "2.0" } };
    const done = await device.report(offer.assignmentId, 1, [
      { kind: "finished", sequence: 3, outcome: "succeeded", running: device.running },
    ]);
    expect(done.statusCode).toBe(204);
    expect((await device.putLog(offer.assignmentId, 1, utf8("all went well\n"))).statusCode).toBe(
      204,
    );
    // What the device holds named an update that is over, so it gets a new answer.
    expect(await device.checkIn()).toMatchObject({ action: { kind: "nothing-to-do" } });
    expect(await device.checkIn()).toBe("holds");
    expect((await refreshed(db, deployment.id)).counts).toMatchObject({ succeeded: 1, open: 0 });
    expect(await deviceRow(db, device)).toMatchObject({
      running_artifact: "2.0",
      open_assignment_id: null,
    });
  });

  test("a device waits for a release's instant without being decided anew, and is offered it when that has come", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await device.checkIn();
    const releaseId = await addRelease(db, "2.0");
    const notBefore = later(server.clock.now(), 30 * MINUTE_MS);
    await publishTerms(db, releaseId, { notBefore });
    await deploy(db, releaseId);

    expect(await device.checkIn({})).toBe("holds");
    const waiting = await deviceRow(db, device);
    expect(waiting).toMatchObject({
      next_decision_at: notBefore,
      decided_epoch: await epochOf(db),
    });
    server.clock.move(30 * MINUTE_MS - 1);
    expect(await device.checkIn({})).toBe("holds");
    expect(await deviceRow(db, device)).toEqual(waiting);

    server.clock.move(1);
    expect(await device.offered()).toMatchObject({ kind: "install" });
    expect(await deviceRow(db, device)).toMatchObject({ next_decision_at: null });
  });

  test("a device whose inventory changes is decided by the new one, and by none that is known to be old", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    device.inventory = { region: "us" };
    await device.checkIn();
    const groups = createGroupHandlers({ clock: server.clock });
    const { id: groupId } = await groups.createGroup(asOperator(db), {
      params: undefined,
      query: undefined,
      body: { name: "europe", product: PRODUCT, query: "inventory.region = eu" },
    });
    const elsewhere = await newDevice();
    elsewhere.inventory = { region: "eu" };
    await elsewhere.checkIn();
    await deploy(db, await addRelease(db, "2.0"), { target: { kind: "group", groupId } });
    expect(await device.checkIn({})).toBe("holds");

    device.inventory = { region: "eu" };
    expect(await device.checkIn({})).toMatchObject({
      action: { kind: "nothing-to-do" },
      ask: ["inventory"],
    });
    expect(await device.checkIn({ inventory: device.inventory })).toMatchObject({
      action: { kind: "install" },
    });

    elsewhere.inventory = { region: "us" };
    // It was in the target until now, and the server knows already that it may not be any more.
    expect(await elsewhere.checkIn({})).toMatchObject({ ask: ["inventory"] });
    expect(await elsewhere.checkIn({ inventory: elsewhere.inventory })).toBe("holds");
  });

  test("a change that concerns others leaves a device's answer as it is, and is looked at once", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await device.checkIn();
    const { generation } = device;

    await db.transaction((inner) => raisePlanningEpoch(inner));
    expect(await device.checkIn({})).toBe("holds");

    const row = await deviceRow(db, device);
    expect(row).toMatchObject({ generation, decided_epoch: await epochOf(db) });
  });

  test("a device that waits for a place asks at each check-in and goes on when one is free", async () => {
    const { db, newDevice } = await fleet();
    const first = await newDevice();
    const second = await newDevice();
    for (const device of [first, second]) await device.checkIn();
    await deploy(db, await addRelease(db, "2.0"), { plan: { limits: { concurrentMax: 1 } } });
    const offer = await first.offered();

    expect(await second.checkIn({})).toBe("holds");
    const waiting = await deviceRow(db, second);
    expect(await second.checkIn({})).toBe("holds");
    // Waiting costs no write either.
    expect(await deviceRow(db, second)).toEqual(waiting);

    await first.report(offer.assignmentId, 1, [
      {
        kind: "finished",
        sequence: 1,
        outcome: "failed",
        code: "download-failed",
        running: first.running,
      },
    ]);
    expect(await second.checkIn({})).toMatchObject({ action: { kind: "install" } });
  });

  test("an answer that could not be signed is given at the next check-in", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await device.checkIn();
    const deployment = await deploy(db, await addRelease(db, "2.0"));

    server.signer.isUp = false;
    expect(await device.checkIn({})).toBe(503);
    server.signer.isUp = true;

    expect(await device.checkIn({})).toMatchObject({ action: { kind: "install", attempt: 1 } });
    expect((await refreshed(db, deployment.id)).counts).toMatchObject({ admitted: 1, open: 1 });
  });

  const refusedOffers = async (db: TenantDb) =>
    (await eventBodies(db)).filter(
      (body) => (body as { kind: string }).kind === "offer-not-signed",
    );

  test("an offer that the signer refuses is answered by nothing to do, told once, and made when the signer agrees", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await device.checkIn();
    const deployment = await deploy(db, await addRelease(db, "2.0"));

    server.signer.refusal = "rate-cap";
    const refused = { action: { kind: "nothing-to-do" }, checkInSeconds: 300 };
    expect(await device.checkIn({})).toMatchObject(refused);
    expect(await device.checkIn({})).toMatchObject(refused);
    server.signer.refusal = "target-not-published";
    expect(await device.checkIn({ fresh: true })).toMatchObject(refused);
    delete server.signer.refusal;

    expect(await device.checkIn({})).toMatchObject({ action: { kind: "install", attempt: 1 } });
    expect(await device.checkIn({})).toBe("holds");
    expect((await refreshed(db, deployment.id)).counts).toMatchObject({ admitted: 1, open: 1 });
    expect(await refusedOffers(db)).toMatchObject([
      { attempt: 1, version: "2.0", reason: "rate-cap" },
      { attempt: 1, version: "2.0", reason: "target-not-published" },
    ]);
  });

  test("a device whose release is taken back while it installs has a signed answer until its update ends", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await device.checkIn();
    const deployment = await deploy(db, await addRelease(db, "2.0"));
    const { assignmentId } = await device.offered();
    const updating = { activity: { kind: "updating", assignmentId, attempt: 1 } } as const;
    await device.report(assignmentId, 1, [{ kind: "installing", sequence: 1 }]);

    server.signer.refusal = "target-not-published";
    for (const fresh of [true, false, true])
      expect(await device.checkIn({ ...updating, fresh })).toMatchObject({
        action: { kind: "nothing-to-do" },
      });
    delete server.signer.refusal;
    device.running = { artifactName: "2.0", provides: {} };
    const done = await device.report(assignmentId, 1, [
      { kind: "finished", sequence: 2, outcome: "succeeded", running: device.running },
    ]);

    expect(done.statusCode).toBe(204);
    expect(await device.checkIn()).toMatchObject({ action: { kind: "nothing-to-do" } });
    expect(await device.checkIn()).toBe("holds");
    expect((await refreshed(db, deployment.id)).counts).toMatchObject({ succeeded: 1, open: 0 });
  });

  test("a fault of the signer takes no download back", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await device.checkIn();
    await deploy(db, await addRelease(db, "2.0"));
    const { assignmentId } = await device.offered();
    const updating = { activity: { kind: "updating", assignmentId, attempt: 1 } } as const;

    server.signer.refusal = "signer-failed";
    expect(await device.checkIn({ ...updating, fresh: true })).toBe(503);
    expect(await device.checkIn({ fresh: true })).toMatchObject({
      action: { kind: "nothing-to-do" },
    });
    delete server.signer.refusal;
    expect(await device.checkIn({ ...updating })).toMatchObject({ action: { kind: "install" } });
  });

  test("a database restored from a backup goes on from the generation that the device has", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await device.checkIn();
    await db.transaction(async (inner) => {
      await inner.kysely
        .updateTable("device")
        .set({ generation: 0 })
        .where("id", "=", device.id)
        .execute();
    });
    device.generation = 40;

    expect(await device.checkIn({})).toMatchObject({ generation: 41 });
    expect(await device.checkIn({})).toBe("holds");
  });

  test("an idle device whose last report was lost is found to run its release", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await device.checkIn();
    const deployment = await deploy(db, await addRelease(db, "2.0"));
    const offer = await device.offered();
    await device.report(offer.assignmentId, 1, [{ kind: "proving", sequence: 1 }]);

    device.running = { artifactName: "2.0", provides: {} };
    expect(await device.checkIn()).toMatchObject({ action: { kind: "nothing-to-do" } });
    expect((await refreshed(db, deployment.id)).counts).toMatchObject({ succeeded: 1 });
  });

  test("a device that waits for somebody to decide on a file is offered nothing, says why, and is offered it then", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    device.inventory = { [UNDECIDED_ATTRIBUTE]: "conf-2" };
    await device.checkIn();
    const deployment = await deploy(db, await addRelease(db, "2.0"));
    expect(await device.checkIn({ fresh: true })).toMatchObject({
      action: { kind: "nothing-to-do" },
    });
    expect(await explainWaiting(db, deployment, [device.id], TEST_NOW)).toMatchObject([
      {
        kind: "installation-undecided",
        sentence: expect.stringMatching(/installed conf-2 from a file.*commit it or take it back/),
      },
    ]);

    expect(await waitingReasons(db, deployment, TEST_NOW)).toEqual([
      {
        kind: "installation-undecided",
        count: 1,
        sentence: expect.stringMatching(/^1 device waits for somebody at the device/),
      },
    ]);

    // Whoever has committed it decided for this release as well.
    device.inventory = { [INSTALLED_FROM_ATTRIBUTE]: "file" };
    expect(await device.offered()).toMatchObject({ artifactName: "2.0", attempt: 1 });
  });

  test("an offer that a person was faster than is taken back without being charged, and made again", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await device.checkIn();
    const deployment = await deploy(db, await addRelease(db, "2.0"));
    const { assignmentId } = await device.offered();

    device.inventory = { [UNDECIDED_ATTRIBUTE]: "conf-2" };
    expect(await device.checkIn()).toMatchObject({ action: { kind: "nothing-to-do" } });
    expect((await refreshed(db, deployment.id)).counts).toMatchObject({ open: 0, failed: 0 });

    device.inventory = {};
    expect(await device.offered()).toMatchObject({ assignmentId, attempt: 2 });
  });

  test("a device onto which somebody carried the release of its deployment runs it already", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    device.running = { artifactName: "2.0", provides: { "moult.installed-from": "file" } };
    device.inventory = { [INSTALLED_FROM_ATTRIBUTE]: "file" };
    await device.checkIn();
    const deployment = await deploy(db, await addRelease(db, "2.0"));

    expect(await device.checkIn({ fresh: true })).toMatchObject({
      action: { kind: "nothing-to-do" },
    });
    const { counts } = await refreshed(db, deployment.id);
    expect(counts).toMatchObject({ open: 0, alreadyRunning: 1 });
  });

  test("two machines that take turns with one key get no offer until an operator decides", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await device.checkIn();
    const original = device.instanceId;
    device.instanceId = "0198c0de-0000-4000-8000-00000000000a";
    await device.checkIn();
    device.instanceId = original;
    await device.checkIn();
    await deploy(db, await addRelease(db, "2.0"));

    expect(await device.checkIn({ fresh: true })).toMatchObject({
      action: { kind: "nothing-to-do" },
    });
    expect((await deviceRow(db, device)).identity_conflict_at).not.toBeNull();
  });
});

async function epochOf(db: TenantDb): Promise<number> {
  const row = await db.kysely
    .selectFrom("tenant")
    .select("planning_epoch")
    .where("id", "=", db.tenantId)
    .executeTakeFirstOrThrow();
  return row.planning_epoch;
}
