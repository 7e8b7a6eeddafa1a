import type { DeviceId } from "@moult/model";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import { decideDevice } from "./change-device.ts";
import { findDeviceByKey } from "./find-device.ts";
import { recordInstance } from "./record-instance.ts";
import {
  asOperator,
  eventBodies,
  newIdentity,
  newKey,
  planningEpoch,
  testFleet,
  type TestFleet,
} from "./test-fleet.fixture.ts";

const [A, B] = ["6b0f8a7e-0000-4000-8000-00000000000a", "6b0f8a7e-0000-4000-8000-00000000000b"];
type Decision = "acceptDevice" | "rejectDevice" | "decommissionDevice";

const decide = (fleet: TestFleet, decision: Decision, deviceId: DeviceId) =>
  fleet.handlers[decision](asOperator(fleet.db), {
    params: { deviceId },
    query: undefined,
    body: undefined,
  });
const checkIn = (fleet: TestFleet, deviceId: DeviceId, instanceId: string) =>
  fleet.db.transaction((inner) => recordInstance(inner, deviceId, instanceId, fleet.clock.now()));

describe.each(DIALECTS)("an operator's decisions about devices on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const fleetOf = async () => testFleet(await store.newTenant());

  test("a device that waits is accepted, and everybody is decided about anew", async () => {
    const fleet = await fleetOf();
    const key = newKey();
    const waiting = await fleet.enrol({ ...key, token: await fleet.token(false) });
    const deviceId = (waiting as { deviceId: DeviceId }).deviceId;
    const epoch = await planningEpoch(fleet.db);

    const device = await decide(fleet, "acceptDevice", deviceId);

    expect(device).toMatchObject({
      state: "accepted",
      keyFingerprint: key.fingerprint,
      pendingKeyFingerprint: null,
    });
    expect(await planningEpoch(fleet.db)).toBe(epoch + 1);
    expect((await eventBodies(fleet.db, deviceId)).at(-1)).toEqual({
      kind: "device-state-changed",
      state: "accepted",
      by: "Olga",
    });
  });

  test("deciding the same again changes nothing and says nothing", async () => {
    const fleet = await fleetOf();
    const deviceId = await fleet.accepted();
    const before = await eventBodies(fleet.db, deviceId);

    await decide(fleet, "acceptDevice", deviceId);
    expect(await eventBodies(fleet.db, deviceId)).toEqual(before);

    await decide(fleet, "decommissionDevice", deviceId);
    await decide(fleet, "decommissionDevice", deviceId);
    expect(await eventBodies(fleet.db, deviceId)).toHaveLength(before.length + 1);
  });

  test("a rejected device has no session and no update, and comes back with its key", async () => {
    const fleet = await fleetOf();
    const key = newKey();
    const deviceId = await fleet.accepted(key);

    await decide(fleet, "rejectDevice", deviceId);
    expect(await findDeviceByKey(fleet.db, key.fingerprint)).toMatchObject({
      deviceState: "rejected",
      credentialEpoch: 1,
    });
    expect(fleet.closed).toEqual([[deviceId, "device-rejected"]]);

    expect(await decide(fleet, "acceptDevice", deviceId)).toMatchObject({
      state: "accepted",
      keyFingerprint: key.fingerprint,
    });
  });

  test("rejecting a new key leaves the device to its old one", async () => {
    const fleet = await fleetOf();
    const [oldKey, newOne] = [newKey(), newKey()];
    const identity = newIdentity();
    const deviceId = await fleet.accepted({ ...oldKey, identity });
    await fleet.enrol({ ...newOne, identity, token: await fleet.token(true) });

    const device = await decide(fleet, "rejectDevice", deviceId);

    expect(device).toMatchObject({
      state: "accepted",
      keyFingerprint: oldKey.fingerprint,
      pendingKeyFingerprint: null,
    });
    expect(fleet.closed).toEqual([]);
    expect(await fleet.enrol({ ...newOne, identity })).toMatchObject({ state: "rejected" });
  });

  test("a decommissioned device is out for good: its keys, its update, its identity", async () => {
    const fleet = await fleetOf();
    const key = newKey();
    const identity = newIdentity();
    const deviceId = await fleet.accepted({ ...key, identity });

    expect(await decide(fleet, "decommissionDevice", deviceId)).toMatchObject({
      state: "decommissioned",
      keyFingerprint: null,
    });

    expect(await findDeviceByKey(fleet.db, key.fingerprint)).toMatchObject({
      keyState: "revoked",
      credentialEpoch: 1,
    });
    expect(fleet.closed).toEqual([[deviceId, "device-decommissioned"]]);
    const token = await fleet.token(true);
    expect(await fleet.enrol({ ...key, identity, token })).toMatchObject({
      state: "decommissioned",
    });
    expect(await fleet.enrol({ identity, token })).toMatchObject({
      reason: "device-decommissioned",
    });
    for (const decision of ["acceptDevice", "rejectDevice"] as const)
      await expect(decide(fleet, decision, deviceId)).rejects.toMatchObject({
        code: "state-conflict",
        detail: expect.stringContaining("another identity"),
      });
  });

  test("when its update cannot be closed, the device is not rejected either", async () => {
    const fleet = await fleetOf();
    const deviceId = await fleet.accepted();

    await expect(
      decideDevice(fleet.db, deviceId, "reject", { by: "Olga", at: fleet.clock.now() }, () =>
        Promise.reject(new Error("cannot close")),
      ),
    ).rejects.toThrow("cannot close");

    const { handlers, db } = fleet;
    const shown = await handlers.showDevice(asOperator(db), {
      params: { deviceId },
      query: undefined,
      body: undefined,
    });
    expect(shown.state).toBe("accepted");
  });

  test("a copied key is noticed when the first machine speaks again, and settled by accepting", async () => {
    const fleet = await fleetOf();
    const key = newKey();
    const deviceId = await fleet.accepted(key);

    expect(await checkIn(fleet, deviceId, A!)).toBe("took-over");
    expect(await checkIn(fleet, deviceId, A!)).toBe("same");
    expect(await checkIn(fleet, deviceId, B!)).toBe("took-over");
    expect(await findDeviceByKey(fleet.db, key.fingerprint)).toMatchObject({
      hasIdentityConflict: false,
    });

    expect(await checkIn(fleet, deviceId, A!)).toBe("conflict");
    expect(await checkIn(fleet, deviceId, B!)).toBe("conflict");
    expect(await findDeviceByKey(fleet.db, key.fingerprint)).toMatchObject({
      hasIdentityConflict: true,
    });
    const conflicts = (await eventBodies(fleet.db, deviceId)).filter(
      (body) => (body as { kind: string }).kind === "device-identity-conflict",
    );
    expect(conflicts).toHaveLength(1);

    expect(await decide(fleet, "acceptDevice", deviceId)).toMatchObject({
      identityConflictAt: null,
    });
    expect(await findDeviceByKey(fleet.db, key.fingerprint)).toMatchObject({ credentialEpoch: 1 });
    expect(await checkIn(fleet, deviceId, A!)).toBe("took-over");
  });

  test("decisions at the same time are made one after the other", async () => {
    const fleet = await fleetOf();
    const deviceId = await fleet.accepted();

    await Promise.allSettled([
      decide(fleet, "decommissionDevice", deviceId),
      decide(fleet, "rejectDevice", deviceId),
      decide(fleet, "decommissionDevice", deviceId),
    ]);

    const states = (await eventBodies(fleet.db, deviceId)).map(
      (body) => (body as { state?: string }).state,
    );
    expect(states.filter((state) => state === "decommissioned")).toHaveLength(1);
    expect(states.at(-1)).toBe("decommissioned");
  });

  test("another tenant's device is not there", async () => {
    const [ours, theirs] = [await fleetOf(), await fleetOf()];
    const deviceId = await ours.accepted();

    for (const decision of ["acceptDevice", "rejectDevice", "decommissionDevice"] as const)
      await expect(decide(theirs, decision, deviceId)).rejects.toMatchObject({
        code: "not-found",
      });
    expect(await checkIn(theirs, deviceId, A!)).toBe("same");

    expect(ours.closed).toEqual([]);
    expect(theirs.closed).toEqual([]);
    expect(await eventBodies(ours.db, deviceId)).toHaveLength(1);
    expect(await eventBodies(theirs.db, deviceId)).toHaveLength(0);
  });
});
