import { randomBytes } from "node:crypto";
import { operations } from "@moult/api";
import type { DeviceId, GroupId } from "@moult/model";
import { describe, expect, test } from "vitest";
import { claimController, createControllerHandlers } from "../controllers/index.ts";
import { createGroupHandlers } from "../groups/index.ts";
import { DIALECTS } from "../platform/dialect.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import {
  HARDWARE,
  PRODUCT,
  asOperator,
  newIdentity,
  newKey,
  testFleet,
  type TestFleet,
} from "./test-fleet.fixture.ts";

const nothing = { params: undefined, query: undefined } as const;
const TOKEN = "949f1c3487125467464a960d750373c1";

/** Devices of another server that come into a product with two static groups. */
async function importing(fleet: TestFleet) {
  const { db, handlers, clock } = fleet;
  const groupHandlers = createGroupHandlers({ clock });
  const controllers = createControllerHandlers({ clock });
  const group = async (name: string, query?: string): Promise<GroupId> => {
    const body = { name, product: PRODUCT, ...(query === undefined ? {} : { query }) };
    return (await groupHandlers.createGroup(asOperator(db), { ...nothing, body })).id;
  };
  const putBody = (body: object) =>
    handlers.importPreauthorisations(asOperator(db), {
      ...nothing,
      body: operations.importPreauthorisations.body.parse({ product: PRODUCT, ...body }),
    });
  const put = (...items: readonly object[]) => putBody({ items });
  const tryOut = (...items: readonly object[]) => putBody({ items, isDryRun: true });
  const putControllers = (...items: readonly object[]) =>
    controllers.importControllers(asOperator(db), {
      ...nothing,
      body: operations.importControllers.body.parse({ product: PRODUCT, items }),
    });
  const show = (deviceId: DeviceId) =>
    handlers.showDevice(asOperator(db), { ...nothing, params: { deviceId }, body: undefined });
  return {
    group,
    put,
    tryOut,
    putControllers,
    show,
    canary: await group("canary"),
    eu: await group("eu"),
  };
}

describe.each(DIALECTS)("an import on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const fleetOf = async () => testFleet(await store.newTenant());

  test("lets a device in by its key when it comes, under its name and into its groups", async () => {
    const fleet = await fleetOf();
    const { put, tryOut, show, canary, eu } = await importing(fleet);
    const key = newKey();
    const identity = newIdentity();
    const item = { keyFingerprint: key.fingerprint, identity, name: "gw-17" };

    const tried = await tryOut({ ...item, groupIds: [canary] });
    const first = await put({ ...item, groupIds: [canary] });
    const again = await put({ ...item, groupIds: [eu] });
    const answer = await fleet.enrol({ ...key, identity });
    const later = await put({ ...item, groupIds: [canary, eu] });

    expect(tried.items).toEqual([{ outcome: "added", deviceId: null, reason: null }]);
    expect(first.items).toEqual([{ outcome: "added", deviceId: null, reason: null }]);
    expect(again.items).toEqual([{ outcome: "known", deviceId: null, reason: null }]);
    if (answer.kind !== "enrolled") throw new Error(answer.reason);
    const shown = await show(answer.deviceId);
    expect(shown).toMatchObject({ state: "accepted", name: "gw-17", identity });
    expect(shown.groupIds.toSorted()).toEqual([canary, eu].toSorted());
    expect(later.items).toEqual([{ outcome: "known", deviceId: answer.deviceId, reason: null }]);
  });

  test("leaves what was decided here as it is, and says so of each device", async () => {
    const fleet = await fleetOf();
    const { put } = await importing(fleet);
    const key = newKey();
    const answer = await fleet.enrol({ ...key, token: await fleet.token(true) });
    if (answer.kind !== "enrolled") throw new Error(answer.reason);
    await fleet.handlers.decommissionDevice(asOperator(fleet.db), {
      ...nothing,
      params: { deviceId: answer.deviceId },
      body: undefined,
    });
    const other = newKey();
    await put({ keyFingerprint: other.fingerprint, identity: newIdentity() });

    const { items } = await put(
      { keyFingerprint: key.fingerprint, identity: newIdentity() },
      { keyFingerprint: other.fingerprint, identity: newIdentity() },
    );

    expect(items.map(({ outcome }) => outcome)).toEqual(["refused", "refused"]);
    expect(items[0]?.reason).toContain("decommissioned");
    expect(items[1]?.reason).toBe("Its key is preauthorised for another identity.");
  });

  test("takes no group that is none of the product's or has a query, and then changes nothing", async () => {
    const fleet = await fleetOf();
    const { group, put, putControllers } = await importing(fleet);
    const dynamic = await group("all of them", "inventory.mark:*");
    const stranger = "4b3c1c9e-5a3e-4c9e-8f4e-0d6a3f0c8a11";
    const item = { keyFingerprint: newKey().fingerprint, identity: newIdentity() };

    await expect(put({ ...item, groupIds: [dynamic] })).rejects.toMatchObject({
      code: "state-conflict",
    });
    await expect(
      putControllers({ controllerId: "gw-1", hardwareType: HARDWARE, groupIds: [stranger] }),
    ).rejects.toMatchObject({ code: "not-found" });
    expect((await put(item)).items[0]?.outcome).toBe("added");
  });

  test("brings a controller with its token, what it said of itself and its groups, once", async () => {
    const fleet = await fleetOf();
    const { putControllers, show, canary, eu } = await importing(fleet);
    const controllerId = `dev-${randomBytes(4).toString("hex")}`;
    const item = {
      controllerId,
      hardwareType: HARDWARE,
      name: "Berlin 3",
      attributes: { revision: "b" },
    };
    const claim = (token: string) =>
      claimController(fleet.db, controllerId, { kind: "target-token", token }, fleet.clock);

    const first = await putControllers({ ...item, groupIds: [canary] });
    expect(await claim(TOKEN)).toBeUndefined();
    const again = await putControllers({ ...item, token: TOKEN, groupIds: [eu] });
    const other = await putControllers({ ...item, token: `${TOKEN}0` });

    const deviceId = first.items[0]?.deviceId as DeviceId;
    expect(first.items).toEqual([{ outcome: "added", deviceId, reason: null }]);
    expect(again.items).toEqual([{ outcome: "known", deviceId, reason: null }]);
    expect(other.items[0]).toMatchObject({
      outcome: "refused",
      reason: "It is here with another token.",
    });
    expect(await claim(TOKEN)).toMatchObject({ deviceId });
    const shown = await show(deviceId);
    expect(shown).toMatchObject({
      state: "accepted",
      name: "Berlin 3",
      inventory: { revision: "b" },
      lastSeenAt: null,
    });
    expect(shown.groupIds.toSorted()).toEqual([canary, eu].toSorted());
  });
});
