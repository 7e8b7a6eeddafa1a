import { operations, type DeviceSelection } from "@moult/api";
import type { BulkAction, BulkChange, DeviceId, GroupId, ProductName } from "@moult/model";
import { describe, expect, test } from "vitest";
import {
  PRODUCT,
  addProduct,
  asOperator,
  eventBodies,
  newIdentity,
  newKey,
  planningEpoch,
  testFleet,
  type TestFleet,
} from "../devices/test-fleet.fixture.ts";
import { createGroupHandlers } from "../groups/index.ts";
import type { CloseOpenAssignment } from "../devices/index.ts";
import { DIALECTS } from "../platform/dialect.ts";
import {
  silentLog,
  useTestDatabase,
  type TestDatabase,
} from "../platform/test-database.fixture.ts";
import { createBulkChangeHandlers } from "./operations.ts";
import { createBulkChangeWorker } from "./worker.ts";

const body = <Body>(given: Body) => ({ params: undefined, query: undefined, body: given });
const ids = (...deviceIds: readonly DeviceId[]): DeviceSelection => ({
  kind: "ids",
  deviceIds: [...deviceIds],
});
const matching = (
  filter: Extract<DeviceSelection, { kind: "matching" }>["filter"],
  ...exceptIds: readonly DeviceId[]
): DeviceSelection => ({ kind: "matching", filter, exceptIds: [...exceptIds] });

/** Bulk changes of one tenant, with a worker that runs when a test says so. */
function bulkOf(
  { db, clock }: TestFleet,
  { database }: TestDatabase,
  closeOpenAssignment: CloseOpenAssignment = () => Promise.resolve(),
) {
  let nowMs = 0;
  const newWorker = () =>
    createBulkChangeWorker({
      database,
      clock,
      log: silentLog,
      monotonicMs: () => (nowMs += 400),
      closeOpenAssignment,
    });
  let worker = newWorker();
  const wakeLater = { wake: () => undefined };
  const handlers = createBulkChangeHandlers({ clock, checkInSeconds: 60, worker: wakeLater });
  const operator = asOperator(db);
  const show = ({ id }: Pick<BulkChange, "id">) =>
    handlers.showBulkChange(operator, { ...body(undefined), params: { bulkChangeId: id } });
  return {
    handlers,
    show,
    rehearse: async (selection: DeviceSelection, action: BulkAction) =>
      operations.rehearseBulkChange.reply.parse(
        await handlers.rehearseBulkChange(operator, body({ selection, action })),
      ),
    start: (selection: DeviceSelection, action: BulkAction, expectedMatches: number) =>
      handlers.startBulkChange(operator, body({ selection, action, expectedMatches })),
    work: async (change: Pick<BulkChange, "id">) => {
      worker.wake();
      await worker.idle();
      return show(change);
    },
    restart: async () => {
      await worker.close();
      worker = newWorker();
    },
  };
}

async function pending(fleet: TestFleet, count: number): Promise<DeviceId[]> {
  const token = await fleet.token(false);
  const waiting: DeviceId[] = [];
  for (let each = 0; each < count; each += 1) {
    const answer = await fleet.enrol({ token });
    if (answer.kind !== "enrolled") throw new Error("enrolled");
    waiting.push(answer.deviceId);
  }
  return waiting;
}

/** Rows alone: enrolling hundreds takes longer than what is tested. */
async function manyAccepted({ db }: TestFleet, like: DeviceId, count: number): Promise<void> {
  await db.transaction(async (inner) => {
    const row = await inner.kysely
      .selectFrom("device")
      .selectAll()
      .where("id", "=", like)
      .executeTakeFirstOrThrow();
    for (let each = 0; each < count; each += 1)
      await inner.kysely
        .insertInto("device")
        .values({
          ...row,
          id: crypto.randomUUID() as DeviceId,
          identity_sha256: `${each}` as never,
        })
        .execute();
  });
}

async function groupOf({ db, clock }: TestFleet, members: DeviceId[] = []): Promise<GroupId> {
  const groups = createGroupHandlers({ clock });
  const { id } = await groups.createGroup(
    asOperator(db),
    body({ name: "canaries", product: PRODUCT }),
  );
  if (members.length > 0)
    await groups.addToGroup(asOperator(db), {
      ...body({ deviceIds: members }),
      params: { groupId: id },
    });
  return id;
}

const statesOf = async ({ db, handlers }: TestFleet) =>
  (
    await handlers.countDevices(asOperator(db), {
      params: undefined,
      query: {},
      body: undefined,
    })
  ).byState;

describe.each(DIALECTS)("bulk changes on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const fleetOf = async () => testFleet(await store.newTenant());

  test("a rehearsal says what the change then does, and changes nothing itself", async () => {
    const fleet = await fleetOf();
    const bulk = bulkOf(fleet, store);
    const [first, second] = await pending(fleet, 2);
    const accepted = await fleet.accepted();
    const gone = await fleet.accepted();
    await fleet.handlers.decommissionDevice(asOperator(fleet.db), {
      params: { deviceId: gone },
      query: undefined,
      body: undefined,
    });
    const selection = ids(first!, second!, accepted, gone, first!);
    const epoch = await planningEpoch(fleet.db);

    const rehearsed = await bulk.rehearse(selection, { kind: "accept" });
    const events = await eventBodies(fleet.db);

    expect(rehearsed).toMatchObject({
      matches: 4,
      changes: 2,
      unchanged: 1,
      refused: [{ sentence: expect.stringContaining("decommissioned"), count: 1 }],
      updating: 0,
      sentence: expect.stringMatching(/^Accepts 2 devices: .* 2 keys are trusted without/),
    });
    expect(rehearsed.samples.map(({ id }) => id).toSorted()).toEqual([first, second].toSorted());
    expect(await planningEpoch(fleet.db)).toBe(epoch);

    const started = await bulk.start(selection, { kind: "accept" }, 4);
    expect(started).toMatchObject({ state: "running", total: 4, done: 0, createdBy: "Olga" });
    const finished = await bulk.work(started);
    expect(finished).toMatchObject({
      state: "finished",
      total: 4,
      done: 4,
      changed: 2,
      unchanged: 1,
      refused: rehearsed.refused,
      finishedAt: expect.any(String),
    });
    expect(await statesOf(fleet)).toMatchObject({ pending: 0, accepted: 3, decommissioned: 1 });
    const since = (await eventBodies(fleet.db)).slice(events.length);
    const accepting = { kind: "device-state-changed", state: "accepted", by: "Olga" };
    expect(since.filter((one) => (one as { kind: string }).kind === accepting.kind)).toEqual([
      accepting,
      accepting,
    ]);
    expect(since.at(-1)).toMatchObject({ kind: "bulk-change-progressed", state: "finished" });
    expect(await eventBodies(fleet.db, first)).toContainEqual(accepting);
    expect(await planningEpoch(fleet.db)).toBe(epoch + 1);
  });

  test("the devices are those that matched when it began, without the exceptions", async () => {
    const fleet = await fleetOf();
    const bulk = bulkOf(fleet, store);
    const [first, second, third] = await pending(fleet, 3);
    const started = await bulk.start(
      matching({ state: "pending" }, second!),
      { kind: "reject" },
      2,
    );

    await fleet.handlers.rejectDevice(asOperator(fleet.db), {
      params: { deviceId: third! },
      query: undefined,
      body: undefined,
    });

    expect(await bulk.work(started)).toMatchObject({ done: 2, changed: 1, unchanged: 1 });
    expect(await statesOf(fleet)).toMatchObject({ pending: 1, rejected: 2 });
    expect(first).toBeDefined();
  });

  test("another number of devices than expected begins nothing, and is said", async () => {
    const fleet = await fleetOf();
    const bulk = bulkOf(fleet, store);
    await pending(fleet, 2);

    await expect(
      bulk.start(matching({ state: "pending" }), { kind: "accept" }, 3),
    ).rejects.toMatchObject({
      code: "count-changed",
      detail: "It is 2 now (1 fewer); nothing was changed.",
    });
    expect(
      await bulk.handlers.listBulkChanges(asOperator(fleet.db), {
        params: undefined,
        query: { limit: 10 },
        body: undefined,
      }),
    ).toEqual({ items: [], nextCursor: null });
    expect(await statesOf(fleet)).toMatchObject({ pending: 2 });
  });

  test("what stops in the middle goes on after a restart, and does nothing twice", async () => {
    const fleet = await fleetOf();
    const stopped = Promise.withResolvers<void>();
    let closings = 0;
    const bulk = bulkOf(fleet, store, async () => {
      closings += 1;
      if (closings === 60) stopped.resolve();
    });
    await manyAccepted(fleet, await fleet.accepted(), 250);
    const started = await bulk.start(matching({}), { kind: "decommission" }, 251);

    const working = bulk.work(started);
    await stopped.promise;
    await bulk.restart();
    await working;
    const between = await bulk.show(started);
    expect(between.state).toBe("running");
    expect(between.done).toBeGreaterThan(0);

    expect(await bulk.work(started)).toMatchObject({ state: "finished", done: 251, changed: 251 });
    expect(closings).toBe(251);
    expect(await statesOf(fleet)).toMatchObject({ accepted: 0, decommissioned: 251 });
    const told = (await eventBodies(fleet.db)) as { kind: string; done: number }[];
    const progress = told.filter(({ kind }) => kind === "bulk-change-progressed");
    // Four tenths of a second pass at each step: not each of them is told.
    expect(progress.length).toBeGreaterThan(2);
    expect(progress.length).toBeLessThan(6);
    expect(progress.map(({ done }) => done)).toEqual(
      progress.map(({ done }) => done).toSorted((left, right) => left - right),
    );
  });

  test("one device that cannot be changed for a fault of ours does not keep the others from it", async () => {
    const fleet = await fleetOf();
    const cursed = await fleet.accepted();
    const bulk = bulkOf(fleet, store, async (_, deviceId) => {
      if (deviceId === cursed) throw new Error("a bug");
    });
    await manyAccepted(fleet, await fleet.accepted(), 60);
    const started = await bulk.start(matching({}), { kind: "reject" }, 62);

    expect(await bulk.work(started)).toMatchObject({
      state: "finished",
      done: 62,
      changed: 61,
      refused: [{ sentence: expect.stringContaining("log"), count: 1 }],
    });
    expect(await statesOf(fleet)).toMatchObject({ accepted: 1, rejected: 61 });
  });

  test("groups take in their product's devices and let them go, each with an event of its own", async () => {
    const fleet = await fleetOf();
    const bulk = bulkOf(fleet, store);
    const camera = "camera" as ProductName;
    await addProduct(fleet.db, camera);
    const [inside, outside] = [await fleet.accepted(), await fleet.accepted()];
    const { secret } = await fleet.handlers.createEnrolmentToken(
      asOperator(fleet.db),
      body({ product: camera, label: "", accepts: true, usesMax: 1, expiresInSeconds: 3_600 }),
    );
    await fleet.accepted({ product: camera, token: secret });
    const groupId = await groupOf(fleet, [inside]);
    const add = { kind: "add-to-group", groupId } as const;

    const rehearsed = await bulk.rehearse(matching({}), add);
    expect(rehearsed).toMatchObject({ matches: 3, changes: 1, unchanged: 1 });
    expect(rehearsed.sentence).toBe(
      'Puts 1 device into the group "canaries". 1 is in it already. 1 cannot be changed: The device belongs to another product than the group.',
    );
    const added = await bulk.work(await bulk.start(matching({}), add, 3));
    expect(added).toMatchObject({ changed: 1, unchanged: 1, refused: rehearsed.refused });
    expect(await eventBodies(fleet.db, outside)).toContainEqual({ kind: "group-changed", groupId });

    const remove = { kind: "remove-from-group", groupId } as const;
    const removed = await bulk.work(await bulk.start(matching({ groupId }), remove, 2));
    expect(removed).toMatchObject({ changed: 2, unchanged: 0, refused: [] });
    expect(await bulk.rehearse(matching({ groupId }), remove)).toMatchObject({
      matches: 0,
      sentence: "No device matches.",
    });
  });

  test("a group that is deleted meanwhile refuses the rest", async () => {
    const fleet = await fleetOf();
    const bulk = bulkOf(fleet, store);
    const deviceId = await fleet.accepted();
    const groupId = await groupOf(fleet);
    const started = await bulk.start(ids(deviceId), { kind: "add-to-group", groupId }, 1);
    await createGroupHandlers(fleet).deleteGroup(asOperator(fleet.db), {
      params: { groupId },
      query: undefined,
      body: undefined,
    });

    expect(await bulk.work(started)).toMatchObject({
      state: "finished",
      changed: 0,
      refused: [{ sentence: "The group is no longer there.", count: 1 }],
    });
  });

  test("an operator's rejection of a waiting key is foretold as such", async () => {
    const fleet = await fleetOf();
    const bulk = bulkOf(fleet, store);
    const identity = newIdentity();
    const deviceId = await fleet.accepted({ identity });
    await fleet.enrol({ identity, publicKey: newKey().publicKey, token: await fleet.token(false) });

    const { sentence } = await bulk.rehearse(ids(deviceId), { kind: "reject" });

    expect(sentence).toBe(
      "Of 1 only a waiting key is turned down: the device itself stays accepted.",
    );
    await bulk.work(await bulk.start(ids(deviceId), { kind: "reject" }, 1));
    expect(await statesOf(fleet)).toMatchObject({ accepted: 1, rejected: 0 });
  });

  test("changes are listed from the newest on, and a viewer's or publisher's role changes no group", async () => {
    const fleet = await fleetOf();
    const bulk = bulkOf(fleet, store);
    const deviceId = await fleet.accepted();
    for (const kind of ["reject", "accept"] as const) {
      await bulk.work(await bulk.start(ids(deviceId), { kind }, 1));
      fleet.clock.pass(1_000);
    }
    const page = (cursor?: string) =>
      bulk.handlers.listBulkChanges(asOperator(fleet.db), {
        params: undefined,
        query: { limit: 1, cursor },
        body: undefined,
      });

    const first = await page();
    expect(first.items).toMatchObject([{ action: { kind: "accept" } }]);
    expect(operations.listBulkChanges.reply.parse(first)).toEqual(first);
    expect((await page(first.nextCursor ?? "")).items).toMatchObject([
      { action: { kind: "reject" } },
    ]);
    const operator = asOperator(fleet.db);
    const publisher = {
      ...operator,
      principal: { ...operator.principal, role: "publisher" },
    } as const;
    const groupId = await groupOf(fleet);
    await expect(
      bulk.handlers.rehearseBulkChange(
        publisher,
        body({ selection: ids(deviceId), action: { kind: "add-to-group", groupId } }),
      ),
    ).rejects.toMatchObject({ code: "forbidden" });
  });

  test("nothing of another tenant's can be named", async () => {
    const [ours, theirs] = [await fleetOf(), await fleetOf()];
    const bulk = bulkOf(theirs, store);
    const [foreign, own] = [await ours.accepted(), await theirs.accepted()];
    const foreignGroup = await groupOf(ours, [foreign]);
    const change = await bulkOf(ours, store).start(ids(foreign), { kind: "reject" }, 1);
    const notThere = { code: "not-found" };

    for (const [selection, action] of [
      [ids(own, foreign), { kind: "reject" }],
      [matching({ groupId: foreignGroup }), { kind: "reject" }],
      [ids(own), { kind: "add-to-group", groupId: foreignGroup }],
    ] as const) {
      await expect(bulk.rehearse(selection, action)).rejects.toMatchObject(notThere);
      await expect(bulk.start(selection, action, 1)).rejects.toMatchObject(notThere);
    }
    await expect(bulk.show(change)).rejects.toMatchObject(notThere);
    expect(await statesOf(theirs)).toMatchObject({ accepted: 1 });
  });
});
