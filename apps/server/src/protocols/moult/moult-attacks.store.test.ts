import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { base64, SECOND_MS, utf8 } from "@moult/base";
import { SIGNATURE_HEADER, SIGNATURE_PURPOSE } from "@moult/device-protocol";
import type { LightMyRequestResponse } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { closeOpenAssignment } from "../../deployments/index.ts";
import { addProduct, addRelease, deploy } from "../../deployments/fleet.fixture.ts";
import { TEST_NOW, useTestDatabase } from "../../platform/test-database.fixture.ts";
import {
  addToken,
  startMoultServer,
  TestDevice,
  type MoultServer,
} from "./moult-server.fixture.ts";

/** Problem details with a code, whatever went wrong. */
const refusal = (reply: LightMyRequestResponse): readonly [number, string] => {
  expect(reply.headers["content-type"]).toMatch(/^application\/problem\+json/);
  const { code, status, requestId } = reply.json<Record<string, unknown>>();
  expect(status).toBe(reply.statusCode);
  expect(requestId).toEqual(expect.any(String));
  return [reply.statusCode, String(code)];
};

describe("what a hostile device or network tries", () => {
  const store = useTestDatabase("sqlite");
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

  test("a recorded enrolment makes no second device, and none at all once its challenge is old", async () => {
    const { db, token } = await fleet();
    const device = new TestDevice(server, db);
    const message = device.enrollMessage(await device.challenge(), token);
    const send = () => device.signedPost("/enroll", "enroll", message);

    expect((await send()).json()).toMatchObject({ state: "accepted" });
    expect((await send()).json()).toMatchObject({ state: "accepted" });
    const count = await db.kysely
      .selectFrom("device")
      .select("id")
      .where("tenant_id", "=", db.tenantId)
      .execute();
    expect(count).toHaveLength(1);

    server.clock.move(60 * SECOND_MS);
    expect(refusal(await send())).toEqual([401, "challenge-expired"]);
  });

  test("a client that does not verify end to end is no client of this protocol", async () => {
    const { db, token } = await fleet();
    const device = new TestDevice(server, db);
    for (const trust of ["server-trusted", "payload-signed", "instruction"]) {
      const message = device.enrollMessage(await device.challenge(), token) as { traits: object };
      const less = { ...message, traits: { ...message.traits, trust } };
      expect(refusal(await device.signedPost("/enroll", "enroll", less))).toEqual([
        400,
        "invalid-request",
      ]);
    }
  });

  test("an enrolment that was changed on the way, or signed by another key, is refused", async () => {
    const { db, token } = await fleet();
    const device = new TestDevice(server, db);
    const other = new TestDevice(server, db);
    const message = device.enrollMessage(await device.challenge(), token);
    const body = utf8(JSON.stringify(message));
    const signature = device.signature(SIGNATURE_PURPOSE.enroll, body);
    const changed = utf8(JSON.stringify(message).replace(device.serial, other.serial));

    for (const [sent, header] of [
      [changed, signature],
      [body, other.signature(SIGNATURE_PURPOSE.enroll, body)],
      [body, device.signature(SIGNATURE_PURPOSE.session, body)],
      [body, "AAAA"],
      [body, ""],
    ] as const)
      expect(refusal(await device.post("/enroll", sent, { [SIGNATURE_HEADER]: header }))).toEqual([
        401,
        "signature-invalid",
      ]);
    expect(refusal(await device.post("/enroll", body))).toEqual([401, "signature-invalid"]);
  });

  test("a challenge that was made up, or changed, is none", async () => {
    const { db, token } = await fleet();
    const device = new TestDevice(server, db);
    const real = await device.challenge();
    const flipped = `${real.slice(0, 8)}${real.charAt(8) === "A" ? "B" : "A"}${real.slice(9)}`;

    for (const challenge of [flipped, "mdc1.x.y", "", real.replace("mdc1", "mds1")])
      expect(
        refusal(
          await device.signedPost("/enroll", "enroll", device.enrollMessage(challenge, token)),
        ),
      ).toEqual([401, "challenge-expired"]);
  });

  test("an enrolment token of another tenant, or none, lets nobody in", async () => {
    const { db } = await fleet();
    const stranger = await fleet();
    const device = new TestDevice(server, db);
    const enrol = async (token?: string) =>
      refusal(
        await device.signedPost(
          "/enroll",
          "enroll",
          device.enrollMessage(await device.challenge(), token),
        ),
      );

    expect(await enrol(stranger.token)).toEqual([403, "enrolment-token-invalid"]);
    expect(await enrol()).toEqual([403, "enrolment-closed"]);
  });

  test("a key that is no Ed25519 key proves nothing", async () => {
    const { db, token } = await fleet();
    const device = new TestDevice(server, db);
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    for (const key of [
      publicKey.export({ format: "der", type: "spki" }),
      Buffer.from("no key at all"),
      Buffer.alloc(0),
    ]) {
      const message = {
        ...device.enrollMessage(await device.challenge(), token),
        publicKey: base64(key),
      };
      expect(refusal(await device.signedPost("/enroll", "enroll", message))).toEqual([
        401,
        "signature-invalid",
      ]);
    }
  });

  test("a session token that is missing, changed, from another installation or expired opens nothing", async () => {
    const { newDevice } = await fleet();
    const device = await newDevice();
    const ask = async (authorization: string | undefined) =>
      refusal(
        await device.post(
          "/check-in",
          device.checkInMessage(),
          authorization === undefined ? {} : { authorization },
        ),
      );
    // The token itself is good, and known to be.
    expect(await device.checkIn()).not.toBe("holds");
    const forged = device.token.split(".");
    const payload = Buffer.from(forged[1] ?? "", "base64url");
    payload[20] = (payload[20] ?? 0) ^ 1;

    for (const authorization of [
      undefined,
      "",
      "Bearer ",
      `Basic ${device.token}`,
      `Bearer ${device.token}x`,
      `Bearer ${forged[0]}.${payload.toString("base64url")}.${forged[2]}`,
      `Bearer mds1.${randomBytes(80).toString("base64url")}.${randomBytes(32).toString("base64url")}`,
      `Bearer ${device.token.replace("mds1", "mdc1")}`,
    ])
      expect(await ask(authorization)).toEqual([401, "session-expired"]);

    server.clock.move(3_600 * SECOND_MS);
    expect(await ask(`Bearer ${device.token}`)).toEqual([401, "session-expired"]);
  });

  test.each([
    ["pending", 403, "device-pending"],
    ["rejected", 403, "device-rejected"],
    ["decommissioned", 403, "device-decommissioned"],
  ] as const)(
    "a device that is %s is told so and gets nothing else",
    async (state, status, code) => {
      const { db, newDevice } = await fleet();
      const device = await newDevice();
      await deploy(db, await addRelease(db, "2.0"));
      const offer = await device.offered();
      await db.transaction(async (inner) => {
        await closeOpenAssignment(inner, device.id, "aborted", `device-${state}`, TEST_NOW);
        await inner.kysely
          .updateTable("device")
          .set({ state })
          .where("id", "=", device.id)
          .execute();
      });

      expect(
        refusal(await device.post("/check-in", device.checkInMessage(), device.authorization)),
      ).toEqual([status, code]);
      expect(refusal(await device.openSession())).toEqual([status, code]);
      expect(refusal(await device.blob(offer.components[0]?.sha256 ?? ""))).toEqual([status, code]);
      expect(
        refusal(await device.report(offer.assignmentId, 1, [{ kind: "installing", sequence: 1 }])),
      ).toEqual([status, code]);
    },
  );

  test("a device that nobody knows is told to enrol", async () => {
    const { db } = await fleet();
    expect(refusal(await new TestDevice(server, db).openSession())).toEqual([
      404,
      "device-unknown",
    ]);
  });

  test("what speaks against a device is told only to whoever holds its key", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await db.transaction(async (inner) => {
      await inner.kysely
        .updateTable("device")
        .set({ state: "rejected" })
        .where("id", "=", device.id)
        .execute();
    });
    const message = device.sessionMessage(await device.challenge());
    const thief = new TestDevice(server, db);

    expect(refusal(await thief.signedPost("/session", "session", message))).toEqual([
      401,
      "signature-invalid",
    ]);
  });

  test("one device can neither report on, log for, nor read the offer of another", async () => {
    const { db, newDevice } = await fleet();
    const victim = await newDevice();
    const thief = await newDevice();
    const abroad = await (await fleet()).newDevice();
    await deploy(db, await addRelease(db, "2.0"), {
      target: { kind: "devices", deviceIds: [victim.id] },
    });
    const offer = await victim.offered();
    const sha256 = offer.components[0]?.sha256 ?? "";
    server.blobs.set(sha256, utf8("secret"));

    for (const other of [thief, abroad]) {
      const events = [
        {
          kind: "finished",
          sequence: 1,
          outcome: "failed",
          running: other.running,
        } as const,
      ];
      expect(refusal(await other.report(offer.assignmentId, 1, events))).toEqual([
        404,
        "not-found",
      ]);
      expect(refusal(await other.putLog(offer.assignmentId, 1, utf8("lies")))).toEqual([
        404,
        "not-found",
      ]);
      expect(refusal(await other.blob(sha256))).toEqual([403, "blob-not-offered"]);
    }
    expect((await victim.blob(sha256)).body).toBe("secret");
    expect(refusal(await victim.blob("ab".repeat(32)))).toEqual([403, "blob-not-offered"]);
    expect(
      refusal(await victim.report(offer.assignmentId, 2, [{ kind: "installing", sequence: 1 }])),
    ).toEqual([400, "invalid-request"]);
  });

  test("an offer that is over opens its content no longer", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await deploy(db, await addRelease(db, "2.0"));
    const offer = await device.offered();
    const sha256 = offer.components[0]?.sha256 ?? "";
    await device.report(offer.assignmentId, 1, [
      { kind: "finished", sequence: 1, outcome: "rejected", code: "x", running: device.running },
    ]);

    expect(refusal(await device.blob(sha256))).toEqual([403, "blob-not-offered"]);
    expect(
      refusal(await device.report(offer.assignmentId, 1, [{ kind: "installing", sequence: 2 }])),
    ).toEqual([409, "assignment-closed"]);
  });

  test("a check-in that is sent again gets an answer that its device refuses, and changes nothing else", async () => {
    const { newDevice } = await fleet();
    const device = await newDevice();
    const message = device.checkInMessage({ ...device.everything, fresh: true });
    const send = () => device.post("/check-in", message, device.authorization);
    const first = await send();
    const accepted = device.verify(first.rawPayload, message.nonce);
    if (accepted.kind !== "verified") throw new Error("the honest answer is accepted");
    device.generation = accepted.instruction.generation;

    const replayed = await send();

    // The recorded answer again, and the answer to the recorded question: neither moves the device.
    expect(device.verify(first.rawPayload, message.nonce)).toEqual({
      kind: "refused",
      reason: "generation-not-newer",
    });
    const next = device.checkInMessage();
    expect(device.verify(replayed.rawPayload, next.nonce)).toEqual({
      kind: "refused",
      reason: "wrong-nonce",
    });
    expect(await device.checkIn({})).toMatchObject({ action: { kind: "nothing-to-do" } });
    expect(await device.checkIn({})).toBe("holds");
  });

  test("bodies that are too long or no messages are refused before anything happens", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await deploy(db, await addRelease(db, "2.0"));
    const offer = await device.offered();
    const events = `/assignments/${offer.assignmentId}/events`;
    const send = async (path: string, body: Uint8Array) =>
      refusal(await device.post(path, body, device.authorization));

    expect(await send("/check-in", Buffer.alloc(256 * 1024 + 1, 32))).toEqual([
      413,
      "body-too-large",
    ]);
    expect(await send("/enroll", Buffer.alloc(16 * 1024 + 1, 32))).toEqual([413, "body-too-large"]);
    expect(
      refusal(await device.putLog(offer.assignmentId, 1, Buffer.alloc(1024 * 1024 + 1, 32))),
    ).toEqual([413, "body-too-large"]);
    for (const path of ["/check-in", "/enroll", "/session", events])
      for (const body of ["", "{", '"text"', "[]", "null", "{}", "\u0000", '{"__proto__":{}}'])
        expect((await send(path, utf8(body)))[0]).toBe(400);
    expect(await send("/check-in", Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))).toEqual([
      400,
      "malformed-json",
    ]);
    expect(
      await send(
        "/check-in",
        utf8(JSON.stringify(device.checkInMessage({ generation: 2 ** 53 - 1 }))),
      ),
    ).toEqual([400, "invalid-request"]);
    expect(await send("/assignments/not-an-id/events", utf8("{}"))).toEqual([404, "not-found"]);
  });

  test("text that a database cannot keep is kept as far as it can be", async () => {
    const { db, newDevice } = await fleet();
    const device = await newDevice();
    await deploy(db, await addRelease(db, "2.0"));
    const offer = await device.offered();
    const hostile = "<script>\u0000\ud800'; drop table device; --";

    const reported = await device.report(offer.assignmentId, 1, [
      {
        kind: "finished",
        sequence: 1,
        outcome: "failed",
        code: hostile,
        detail: hostile,
        running: { artifactName: hostile, provides: { [hostile]: hostile } },
      },
    ]);

    expect(reported.statusCode).toBe(204);
    expect(
      (await device.putLog(offer.assignmentId, 1, Buffer.from([0, 0xff, 65]))).statusCode,
    ).toBe(204);
    const kept = await db.kysely
      .selectFrom("assignment")
      .select(["code", "outcome"])
      .where("id", "=", offer.assignmentId)
      .executeTakeFirstOrThrow();
    expect(kept).toEqual({
      code: "<script>\ufffd\ufffd'; drop table device; --",
      outcome: "failed",
    });
  });

  test("the inventory is bounded in names, values and number", async () => {
    const { newDevice } = await fleet();
    const device = await newDevice();
    const many = Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`a${index}`, "b"]));

    for (const inventory of [many, { "": "b" }, { a: "b".repeat(4_097) }])
      expect(
        refusal(
          await device.post(
            "/check-in",
            device.checkInMessage({ inventory }),
            device.authorization,
          ),
        ),
      ).toEqual([400, "invalid-request"]);
  });

  test("calls without a session are limited by address, and by none but their own", async () => {
    const { db } = await fleet();
    const device = new TestDevice(server, db);
    const from = (address: string) =>
      server.app.inject({
        method: "POST",
        url: "/device/v1/challenge",
        remoteAddress: address,
        payload: "{}",
        headers: { "content-type": "application/json" },
      });

    const replies = [];
    for (let times = 0; times < 1_201; times += 1) replies.push(await from("192.0.2.7"));
    const last = replies.at(-1);
    expect(replies.slice(0, -1).every(({ statusCode }) => statusCode === 200)).toBe(true);
    expect(last === undefined ? [] : refusal(last)).toEqual([429, "too-many-requests"]);
    expect(last?.headers["retry-after"]).toBe("1");
    expect((await from("192.0.2.8")).statusCode).toBe(200);
    expect((await device.post("/challenge", {})).statusCode).toBe(200);

    server.clock.move(SECOND_MS);
    expect((await from("192.0.2.7")).statusCode).toBe(200);
  });

  test("a digest that is not that of the content is only ever a reason to ask again", async () => {
    const { newDevice } = await fleet();
    const device = await newDevice();
    const wrong = createHash("sha256").update("else").digest("hex");
    await device.checkIn();
    const digests = { ...device.checkInMessage().digests, inventory: wrong as never };

    expect(await device.checkIn({ digests })).toMatchObject({ ask: ["inventory"] });
    expect(await device.checkIn({ inventory: device.inventory })).toBe("holds");
  });
});
