import { operations } from "@moult/api";
import type { DeviceId, Group, GroupId, ProductName } from "@moult/model";
import { describe, expect, test } from "vitest";
import {
  PRODUCT,
  addProduct,
  asOperator,
  eventBodies,
  planningEpoch,
  testClock,
  testFleet,
} from "../devices/test-fleet.fixture.ts";
import { DIALECTS } from "../platform/dialect.ts";
import { newId } from "../platform/new-id.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import { createGroupHandlers } from "./index.ts";

const groups = createGroupHandlers({ clock: testClock() });
const CAMERA = "camera" as ProductName;

const create = (db: TenantDb, name = "roof", product: ProductName = PRODUCT) =>
  groups.createGroup(asOperator(db), {
    params: undefined,
    query: undefined,
    body: { name, product },
  });
const at = (groupId: GroupId) => ({ params: { groupId }, query: undefined, body: undefined });
const add = (db: TenantDb, { id }: Group, deviceIds: DeviceId[]) =>
  groups.addToGroup(asOperator(db), { ...at(id), body: { deviceIds } });
const remove = (db: TenantDb, { id }: Group, deviceIds: DeviceId[]) =>
  groups.removeFromGroup(asOperator(db), { ...at(id), body: { deviceIds } });
const show = (db: TenantDb, { id }: Group) => groups.showGroup(asOperator(db), at(id));
const destroy = (db: TenantDb, { id }: Group) => groups.deleteGroup(asOperator(db), at(id));
const list = async (db: TenantDb, product?: ProductName) =>
  (
    await groups.listGroups(asOperator(db), {
      params: undefined,
      query: { product },
      body: undefined,
    })
  ).items;

const addDeployment = (db: TenantDb, group: Group, state: string) =>
  db.transaction(async (inner) => {
    const zeros = Object.fromEntries(
      "stage stage_opened_at admitted open succeeded already_running failed rolled_back rejected timed_out silent aborted created_at"
        .split(" ")
        .map((column) => [column, 0]),
    );
    await inner.kysely
      .insertInto("deployment")
      .values({
        ...zeros,
        id: newId(),
        tenant_id: db.tenantId,
        number: 1,
        name: "v2 to the roof",
        product: group.product,
        release_id: newId(),
        version: "v2",
        target_kind: "group",
        target_group_id: group.id,
        plan: "{}",
        state,
        salt: 1,
        created_by: "Olga",
      } as never)
      .execute();
  });

describe.each(DIALECTS)("groups on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const fleetOf = async () => testFleet(await store.newTenant());

  test("a group is created empty, and its name is taken in its product only", async () => {
    const { db } = await fleetOf();
    await addProduct(db, CAMERA);

    const group = await create(db);

    expect(operations.createGroup.reply.parse(group)).toEqual(group);
    expect(group).toMatchObject({ name: "roof", product: PRODUCT, deviceCount: 0 });
    await expect(create(db)).rejects.toMatchObject({ code: "name-taken" });
    const camera = await create(db, "roof", CAMERA);
    await expect(create(db, "roof", "nothing" as ProductName)).rejects.toMatchObject({
      code: "not-found",
    });
    expect(await list(db)).toEqual([camera, group]);
    expect(await list(db, PRODUCT)).toEqual([group]);
  });

  test("devices are added and removed, and doing it again is no news", async () => {
    const fleet = await fleetOf();
    const { db } = fleet;
    const group = await create(db);
    const [first, second] = [await fleet.accepted(), await fleet.accepted()];
    const epoch = await planningEpoch(db);

    expect(await add(db, group, [first, second, first])).toMatchObject({ deviceCount: 2 });
    expect(await planningEpoch(db)).toBe(epoch + 1);
    const events = await eventBodies(db);
    expect(events.at(-1)).toEqual({ kind: "group-changed", groupId: group.id });
    expect(await add(db, group, [second])).toMatchObject({ deviceCount: 2 });
    expect(await eventBodies(db)).toEqual(events);
    expect(await planningEpoch(db)).toBe(epoch + 1);

    expect(await remove(db, group, [first])).toMatchObject({ deviceCount: 1 });
    expect(await remove(db, group, [first])).toMatchObject({ deviceCount: 1 });
    expect(await planningEpoch(db)).toBe(epoch + 2);
  });

  test("unknown devices are named, and then nobody is added", async () => {
    const fleet = await fleetOf();
    const { db } = fleet;
    const group = await create(db);
    const known = await fleet.accepted();
    const unknown = Array.from({ length: 7 }, () => newId<DeviceId>());

    await expect(add(db, group, [known, ...unknown])).rejects.toMatchObject({
      code: "not-found",
      detail: expect.stringMatching(
        new RegExp(`Nothing was changed.*${unknown[0]}.*${unknown[4]} and 2 more`),
      ),
    });
    await expect(remove(db, group, unknown.slice(0, 1))).rejects.toMatchObject({
      code: "not-found",
    });

    expect(await show(db, group)).toMatchObject({ deviceCount: 0 });
  });

  test("a device of another product is not for this group", async () => {
    const fleet = await fleetOf();
    const { db } = fleet;
    await addProduct(db, CAMERA);
    const group = await create(db, "cellar", CAMERA);

    await expect(add(db, group, [await fleet.accepted()])).rejects.toMatchObject({
      code: "not-found",
      detail: expect.stringContaining('"camera"'),
    });
  });

  test("as many devices as one request may name are added at once", async () => {
    const fleet = await fleetOf();
    const { db } = fleet;
    const group = await create(db);
    const model = await fleet.accepted();
    const ids = Array.from({ length: 10_000 }, () => newId<DeviceId>());
    await db.transaction(async (inner) => {
      const row = await inner.kysely
        .selectFrom("device")
        .selectAll()
        .where("id", "=", model)
        .executeTakeFirstOrThrow();
      for (let start = 0; start < ids.length; start += 500)
        await inner.kysely
          .insertInto("device")
          .values(
            ids.slice(start, start + 500).map((id) => ({
              ...row,
              id,
              identity_sha256: id as unknown as typeof row.identity_sha256,
            })),
          )
          .execute();
    });

    expect(await add(db, group, ids)).toMatchObject({ deviceCount: 10_000 });
    expect(await remove(db, group, ids)).toMatchObject({ deviceCount: 0 });
  });

  test.each(["running", "paused", "tripped"])(
    "a group that a %s deployment targets cannot be deleted",
    async (state) => {
      const { db } = await fleetOf();
      const group = await create(db);
      await addDeployment(db, group, state);

      await expect(destroy(db, group)).rejects.toMatchObject({
        code: "in-use",
        detail: expect.stringContaining("v2 to the roof"),
      });
      expect(await list(db)).toHaveLength(1);
    },
  );

  test("a group that nothing targets any more is deleted, and its devices stay", async () => {
    const fleet = await fleetOf();
    const { db } = fleet;
    const group = await create(db);
    const deviceId = await fleet.accepted();
    await add(db, group, [deviceId]);
    await addDeployment(db, group, "finished");
    const epoch = await planningEpoch(db);

    await destroy(db, group);

    await expect(show(db, group)).rejects.toMatchObject({ code: "not-found" });
    await expect(destroy(db, group)).rejects.toMatchObject({ code: "not-found" });
    const device = await fleet.handlers.showDevice(asOperator(db), {
      params: { deviceId },
      query: undefined,
      body: undefined,
    });
    expect(device.groupIds).toEqual([]);
    expect(await planningEpoch(db)).toBe(epoch + 1);
  });

  test("a group by query has the devices that it is true of, shown with each of them, and takes no others", async () => {
    const fleet = await fleetOf();
    const { db } = fleet;
    const [first, second] = [await fleet.accepted(), await fleet.accepted()];
    await db.transaction((inner) =>
      inner.kysely
        .updateTable("device")
        .set({ decided_epoch: 7 })
        .where("tenant_id", "=", db.tenantId)
        .execute(),
    );
    await fleet.handlers.renameDevice(asOperator(db), {
      params: { deviceId: first },
      query: undefined,
      body: { name: "roof left" },
    });
    const decided = await db.kysely
      .selectFrom("device")
      .select("id")
      .where("tenant_id", "=", db.tenantId)
      .where("decided_epoch", "=", 7)
      .execute();
    expect(decided).toEqual([{ id: second }]);
    const epoch = await planningEpoch(db);

    const group = await groups.createGroup(asOperator(db), {
      params: undefined,
      query: undefined,
      body: { name: "roofs", product: PRODUCT, query: "name='roof*'   AND (state : accepted)" },
    });

    expect(group).toMatchObject({ query: "name = roof* AND state = accepted", deviceCount: 1 });
    expect(operations.createGroup.reply.parse(group)).toEqual(group);
    const shown = (deviceId: DeviceId) =>
      fleet.handlers.showDevice(asOperator(db), {
        params: { deviceId },
        query: undefined,
        body: undefined,
      });
    expect((await shown(first)).groupIds).toEqual([group.id]);
    expect((await shown(second)).groupIds).toEqual([]);
    const listed = await fleet.handlers.listDevices(asOperator(db), {
      params: undefined,
      query: { groupId: group.id, limit: 10, sort: "newest" },
      body: undefined,
    });
    expect(listed.items.map(({ id }) => id)).toEqual([first]);
    for (const change of [() => add(db, group, [second]), () => remove(db, group, [first])])
      await expect(change()).rejects.toMatchObject({
        code: "state-conflict",
        detail: expect.stringContaining("change the query"),
      });
    // Making it changed nothing for anybody: nothing targets it yet.
    expect(await planningEpoch(db)).toBe(epoch);
  });

  test("a group is renamed; what it is, it stays", async () => {
    const { db } = await fleetOf();
    const [roof, cellar] = [await create(db), await create(db, "cellar")];
    const change = (id: GroupId, body: { name?: string; query?: string }) =>
      groups.changeGroup(asOperator(db), { ...at(id), body });

    expect(await change(roof.id, { name: "attic" })).toEqual({ ...roof, name: "attic" });
    await expect(change(roof.id, { name: "cellar" })).rejects.toMatchObject({ code: "name-taken" });
    expect(await change(cellar.id, { name: "cellar" })).toEqual(cellar);
    await expect(change(roof.id, { query: "id:*" })).rejects.toMatchObject({
      code: "state-conflict",
    });
    expect(await list(db)).toMatchObject([{ name: "attic", query: null }, { name: "cellar" }]);
  });

  test("no query asks for a group that has a query itself", async () => {
    const { db } = await fleetOf();
    const make = (name: string, query: string) =>
      groups.createGroup(asOperator(db), {
        params: undefined,
        query: undefined,
        body: { name, product: PRODUCT, query },
      });
    await make("new ones", "running > 1");

    await expect(make("both", 'group = "new ones"')).rejects.toMatchObject({
      code: "state-conflict",
      detail: expect.stringContaining('"new ones"'),
    });
  });

  test("no group of another tenant can be seen or changed, nor take its devices in", async () => {
    const [ours, theirs] = [await fleetOf(), await fleetOf()];
    const group = await create(ours.db);
    const [device, foreign] = [await ours.accepted(), await theirs.accepted()];
    await add(ours.db, group, [device]);
    const notThere = { code: "not-found" };

    await expect(show(theirs.db, group)).rejects.toMatchObject(notThere);
    await expect(destroy(theirs.db, group)).rejects.toMatchObject(notThere);
    await expect(add(theirs.db, group, [foreign])).rejects.toMatchObject(notThere);
    await expect(remove(theirs.db, group, [device])).rejects.toMatchObject(notThere);
    await expect(add(ours.db, group, [foreign])).rejects.toMatchObject(notThere);
    await expect(add(theirs.db, await create(theirs.db), [device])).rejects.toMatchObject(notThere);
    expect(await list(theirs.db)).toHaveLength(1);
    expect(await show(ours.db, group)).toMatchObject({ deviceCount: 1 });
  });
});
