import { HOUR_MS, later } from "@moult/base";
import type { DeviceId, EnrolmentTokenId, ProductName } from "@moult/model";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import { raiseDueEpoch } from "../platform/planning-epoch.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import { enrolDevice, type EnrolmentAnswer } from "./enrol-device.ts";
import { findDeviceByKey } from "./find-device.ts";
import {
  HARDWARE,
  LIMITS,
  PRODUCT,
  TRAITS,
  addProduct,
  asOperator,
  eventBodies,
  newIdentity,
  newKey,
  planningEpoch,
  testFleet,
  type TestFleet,
} from "./test-fleet.fixture.ts";

const nothing = { params: undefined, query: undefined } as const;
const deviceOf = (answer: EnrolmentAnswer): DeviceId => {
  if (answer.kind !== "enrolled") throw new Error(`refused: ${answer.reason}`);
  return answer.deviceId;
};
const show = ({ handlers, db }: TestFleet, deviceId: DeviceId) =>
  handlers.showDevice(asOperator(db), { ...nothing, params: { deviceId }, body: undefined });
const preauthorise = (
  { handlers, db }: TestFleet,
  body: Parameters<TestFleet["handlers"]["preauthoriseDevice"]>[1]["body"],
) => handlers.preauthoriseDevice(asOperator(db), { ...nothing, body });
const tokens = async ({ handlers, db }: TestFleet) =>
  (await handlers.listEnrolmentTokens(asOperator(db), { ...nothing, body: undefined })).items;

describe.each(DIALECTS)("enrolment on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const fleetOf = async () => testFleet(await store.newTenant());

  test("a device with a token waits, and is what it said it is", async () => {
    const fleet = await fleetOf();
    const key = newKey();
    const identity = { serial: "SN-77", mac: "aa:bb" };

    const answer = await fleet.enrol({
      ...key,
      identity,
      token: await fleet.token(false),
    });

    expect(answer).toMatchObject({ kind: "enrolled", state: "pending" });
    expect(await show(fleet, deviceOf(answer))).toMatchObject({
      state: "pending",
      product: PRODUCT,
      hardwareType: HARDWARE,
      identity,
      traits: TRAITS,
      keyFingerprint: null,
      pendingKeyFingerprint: key.fingerprint,
      inventory: {},
      context: null,
      history: [],
    });
    expect(await eventBodies(fleet.db, deviceOf(answer))).toEqual([
      { kind: "device-enrolled", product: PRODUCT, state: "pending" },
    ]);
  });

  test("the same key asking again gets the same device, and uses the token up once", async () => {
    const fleet = await fleetOf();
    const key = newKey();
    const identity = newIdentity();
    const token = await fleet.token(true, 1);

    const first = await fleet.enrol({ ...key, identity, token });
    const epoch = await planningEpoch(fleet.db);
    const again = await fleet.enrol({ ...key, identity, token });

    expect(again).toEqual(first);
    expect(await tokens(fleet)).toContainEqual(expect.objectContaining({ uses: 1, usesMax: 1 }));
    expect(await eventBodies(fleet.db, deviceOf(first))).toHaveLength(1);
    expect(await planningEpoch(fleet.db)).toBe(epoch);
  });

  test("a token lets in as many keys as it has uses, however many ask at once", async () => {
    const fleet = await fleetOf();
    const token = await fleet.token(true, 4);

    const answers = await Promise.all(Array.from({ length: 10 }, () => fleet.enrol({ token })));

    expect(answers.filter(({ kind }) => kind === "enrolled")).toHaveLength(4);
    expect(answers.filter(({ kind }) => kind === "refused")).toEqual(
      Array.from({ length: 6 }, () =>
        expect.objectContaining({ reason: "enrolment-token-invalid" }),
      ),
    );
    expect((await tokens(fleet)).map(({ uses }) => uses)).toContain(4);
  });

  test("no more devices wait than there is room for, however many ask at once", async () => {
    const fleet = await fleetOf();
    const token = await fleet.token(false);

    const answers = await Promise.all(Array.from({ length: 8 }, () => fleet.enrol({ token })));

    const refused = answers.filter((answer) => answer.kind === "refused");
    expect(answers).toHaveLength(refused.length + LIMITS.pendingDevicesMax);
    expect(refused[0]).toMatchObject({ reason: "pending-limit" });
    expect((await tokens(fleet)).map(({ uses }) => uses)).toContain(LIMITS.pendingDevicesMax);
  });

  test("a token works for its product, until it expires, and until it is deleted", async () => {
    const fleet = await fleetOf();
    const other = "camera" as ProductName;
    await addProduct(fleet.db, other);
    const token = await fleet.token(true);
    const invalid = expect.objectContaining({ reason: "enrolment-token-invalid" });

    expect(await fleet.enrol({ token, product: other })).toEqual(invalid);
    expect(await fleet.enrol({ token: `${token}x` })).toEqual(invalid);
    fleet.clock.pass(3_600_000);
    expect(await fleet.enrol({ token })).toEqual(invalid);

    const fresh = await fleet.token(true);
    expect(await fleet.enrol({ token: fresh })).toMatchObject({ state: "accepted" });
    for (const { id } of await tokens(fleet))
      await fleet.handlers.deleteEnrolmentToken(asOperator(fleet.db), {
        ...nothing,
        params: { enrolmentTokenId: id },
        body: undefined,
      });
    expect(await fleet.enrol({ token: fresh })).toEqual(invalid);
  });

  test("an unknown product, and nothing to show, is turned away without a trace", async () => {
    const fleet = await fleetOf();
    const before = await eventBodies(fleet.db);

    expect(await fleet.enrol({ product: "nothing" as ProductName })).toMatchObject({
      reason: "enrolment-closed",
    });
    expect(await fleet.enrol()).toMatchObject({ reason: "enrolment-closed" });
    expect(await eventBodies(fleet.db)).toEqual(before);
  });

  test("a preauthorised key is accepted with its name, once", async () => {
    const fleet = await fleetOf();
    const key = newKey();
    const identity = newIdentity();
    await preauthorise(fleet, {
      product: PRODUCT,
      keyFingerprint: key.fingerprint,
      identity,
      name: "Roof left",
    });

    const stranger = await fleet.enrol({ ...key, identity: newIdentity() });
    const answer = await fleet.enrol({ ...key, identity });

    expect(stranger).toMatchObject({ reason: "enrolment-closed" });
    expect(answer).toMatchObject({ state: "accepted" });
    expect(await show(fleet, deviceOf(answer))).toMatchObject({
      name: "Roof left",
      keyFingerprint: key.fingerprint,
    });
    const { items } = await fleet.handlers.listPreauthorisations(asOperator(fleet.db), {
      ...nothing,
      query: { limit: 10 },
      body: undefined,
    });
    expect(items).toMatchObject([{ usedAt: expect.any(String) }]);
    await expect(
      fleet.handlers.deletePreauthorisation(asOperator(fleet.db), {
        ...nothing,
        params: { preauthorisationId: items[0]!.id },
        body: undefined,
      }),
    ).rejects.toMatchObject({ code: "not-found" });
  });

  test("a device that waits is accepted when its key has been preauthorised", async () => {
    const fleet = await fleetOf();
    const key = newKey();
    const identity = newIdentity();
    const deviceId = deviceOf(
      await fleet.enrol({ ...key, identity, token: await fleet.token(false) }),
    );

    await preauthorise(fleet, {
      product: PRODUCT,
      keyFingerprint: key.fingerprint,
      name: "Roof left",
    });

    expect(await fleet.enrol({ ...key, identity })).toEqual({
      kind: "enrolled",
      deviceId,
      state: "accepted",
    });
    expect(await show(fleet, deviceId)).toMatchObject({ name: "Roof left", state: "accepted" });
    expect((await eventBodies(fleet.db, deviceId)).at(-1)).toEqual({
      kind: "device-state-changed",
      state: "accepted",
      by: "preauthorisation",
    });
  });

  test("a preauthorisation is refused for a known key, a known preauthorisation and no product", async () => {
    const fleet = await fleetOf();
    const key = newKey();
    await fleet.accepted(key);
    const fresh = { product: PRODUCT, keyFingerprint: newKey().fingerprint };
    await preauthorise(fleet, fresh);

    await expect(
      preauthorise(fleet, { product: PRODUCT, keyFingerprint: key.fingerprint }),
    ).rejects.toMatchObject({ code: "name-taken" });
    await expect(preauthorise(fleet, fresh)).rejects.toMatchObject({ code: "name-taken" });
    await expect(
      preauthorise(fleet, {
        product: "nothing" as ProductName,
        keyFingerprint: newKey().fingerprint,
      }),
    ).rejects.toMatchObject({ code: "not-found" });
  });

  test("after a re-flash the old key works until an operator accepts the new one", async () => {
    const fleet = await fleetOf();
    const identity = newIdentity();
    const [oldKey, newOne] = [newKey(), newKey()];
    const deviceId = await fleet.accepted({ ...oldKey, identity });

    const answer = await fleet.enrol({ ...newOne, identity, token: await fleet.token(true) });

    expect(answer).toEqual({ kind: "enrolled", deviceId, state: "pending" });
    expect(await findDeviceByKey(fleet.db, oldKey.fingerprint)).toMatchObject({
      keyState: "accepted",
      deviceState: "accepted",
      credentialEpoch: 0,
    });

    await fleet.handlers.acceptDevice(asOperator(fleet.db), {
      ...nothing,
      params: { deviceId },
      body: undefined,
    });
    expect(await findDeviceByKey(fleet.db, newOne.fingerprint)).toMatchObject({
      deviceId,
      keyState: "accepted",
      credentialEpoch: 1,
    });
    expect(await findDeviceByKey(fleet.db, oldKey.fingerprint)).toMatchObject({
      keyState: "revoked",
    });
    expect(await fleet.enrol({ ...oldKey, identity })).toMatchObject({ state: "rejected" });
  });

  test("who asks later cannot replace the key that an operator is looking at", async () => {
    const fleet = await fleetOf();
    const identity = newIdentity();
    const [first, second] = [newKey(), newKey()];
    const token = await fleet.token(false);
    const deviceId = deviceOf(await fleet.enrol({ ...first, identity, token }));
    fleet.clock.pass(1_000);
    await fleet.enrol({ ...second, identity, token });
    fleet.clock.pass(1_000);
    const third = await fleet.enrol({ identity, token });

    expect(third).toMatchObject({ reason: "pending-limit" });
    expect(await show(fleet, deviceId)).toMatchObject({
      pendingKeyFingerprint: first.fingerprint,
    });
    await fleet.handlers.acceptDevice(asOperator(fleet.db), {
      ...nothing,
      params: { deviceId },
      body: undefined,
    });
    expect(await show(fleet, deviceId)).toMatchObject({
      keyFingerprint: first.fingerprint,
      pendingKeyFingerprint: second.fingerprint,
    });
  });

  test("keys that claim one new identity at once become one device", async () => {
    const fleet = await fleetOf();
    const identity = newIdentity();
    const token = await fleet.token(true);

    const answers = await Promise.all([
      fleet.enrol({ identity, token }),
      fleet.enrol({ identity, token }),
      fleet.enrol({ identity, token }),
    ]);

    expect(new Set(answers.map(deviceOf)).size).toBe(1);
    const states = answers.map((answer) => answer.kind === "enrolled" && answer.state);
    expect(states.filter((state) => state === "accepted")).toHaveLength(1);
    expect(states.filter((state) => state === "pending")).toHaveLength(2);
  });

  test("one key is one product's, even when it asks for two at once", async () => {
    const fleet = await fleetOf();
    const camera = "camera" as ProductName;
    await addProduct(fleet.db, camera);
    const key = newKey();
    await fleet.accepted(key);

    expect(await fleet.enrol({ ...key, product: camera })).toMatchObject({
      reason: "state-conflict",
    });
  });

  test("a device that is provisioned as other hardware is that from then on", async () => {
    const fleet = await fleetOf();
    const key = newKey();
    const identity = newIdentity();
    const deviceId = await fleet.accepted({ ...key, identity });
    const epoch = await planningEpoch(fleet.db);

    await fleet.enrol({ ...key, identity, hardwareType: "gw3" as typeof HARDWARE });

    expect(await show(fleet, deviceId)).toMatchObject({ hardwareType: "gw3" });
    // The others are told a little later: it may say something else each time.
    expect(await planningEpoch(fleet.db)).toBe(epoch);
    await raiseDueEpoch(fleet.db, later(fleet.clock.now(), HOUR_MS));
    expect(await planningEpoch(fleet.db)).toBe(epoch + 1);
  });

  test("text that a database cannot hold does not keep a device out", async () => {
    const fleet = await fleetOf();

    const deviceId = await fleet.accepted({ identity: { serial: "a\0b\u{d800}c" } });

    expect((await show(fleet, deviceId)).identity).toEqual({ serial: "a\u{fffd}b\u{fffd}c" });
  });

  test("tenants know nothing of each other's keys, tokens and preauthorisations", async () => {
    const [ours, theirs] = [await fleetOf(), await fleetOf()];
    const key = newKey();
    const identity = newIdentity();
    await ours.accepted({ ...key, identity });
    const preauthorised = newKey();
    await preauthorise(ours, { product: PRODUCT, keyFingerprint: preauthorised.fingerprint });
    const token = await ours.token(true);
    const { id } = (await tokens(ours))[0]!;

    expect(await findDeviceByKey(theirs.db, key.fingerprint)).toBeUndefined();
    expect(await theirs.enrol({ ...preauthorised, identity })).toMatchObject({
      reason: "enrolment-closed",
    });
    expect(await theirs.enrol({ token })).toMatchObject({ reason: "enrolment-token-invalid" });
    await expect(
      theirs.handlers.deleteEnrolmentToken(asOperator(theirs.db), {
        ...nothing,
        params: { enrolmentTokenId: id as EnrolmentTokenId },
        body: undefined,
      }),
    ).rejects.toMatchObject({ code: "not-found" });

    const twin = await theirs.accepted({ ...key, identity });
    expect(twin).not.toBe((await findDeviceByKey(ours.db, key.fingerprint))?.deviceId);
  });

  test("a secret is shown once and kept as a digest only", async () => {
    const fleet = await fleetOf();
    const secret = await fleet.token(false);

    expect(secret).toMatch(/^met_[\w-]{43}$/);
    expect(JSON.stringify(await tokens(fleet))).not.toContain(secret);
    const rows = await fleet.db.kysely
      .selectFrom("enrolment_token")
      .selectAll()
      .where("tenant_id", "=", fleet.db.tenantId)
      .execute();
    expect(JSON.stringify(rows)).not.toContain(secret);
  });

  test("an enrolment that fails half-way leaves nothing", async () => {
    const fleet = await fleetOf();
    const key = newKey();
    const token = await fleet.token(true, 1);

    await expect(
      enrolDevice(
        fleet.db,
        { ...key, product: PRODUCT, hardwareType: HARDWARE, identity: {}, traits: TRAITS, token },
        {
          limits: LIMITS,
          // The third reading of the clock is after the token was charged.
          clock: failingClock(3, fleet.clock.now()),
        },
      ),
    ).rejects.toThrow("clock");

    expect(await findDeviceByKey(fleet.db, key.fingerprint)).toBeUndefined();
    expect((await tokens(fleet)).map(({ uses }) => uses)).toContain(0);
    expect(await fleet.enrol({ ...key, token })).toMatchObject({ state: "accepted" });
  });
});

function failingClock(readingsMax: number, now: ReturnType<TestFleet["clock"]["now"]>) {
  let readings = 0;
  return {
    now: () => {
      readings += 1;
      if (readings > readingsMax) throw new Error("the clock broke");
      return now;
    },
  };
}
