import { generateKeyPairSync, randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { present } from "@moult/base";
import { contextDigest } from "@moult/device-protocol";
import type { ReportedContext } from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import type { Instruction } from "@moult/trust";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  DeviceServer,
  problem,
  type FleetDevice,
} from "../../../../tests/system/device-server.fixture.ts";
import {
  FUTURE_CERTIFICATE,
  TEST_AUTHORITY,
  TEST_CERTIFICATE,
  TEST_CERTIFICATE_KEY,
} from "../../../../tests/system/test-certificates.fixture.ts";
import { linkedDevice, type LinkedDevice } from "./linked-device.fixture.ts";

let server: DeviceServer;
let device: LinkedDevice;
beforeEach(async () => {
  server = await new DeviceServer().listen();
  device = await linkedDevice(server);
});
afterEach(async () => {
  await device.close();
  await server.close();
});

const install = (path = "gw2/prod/2.0/a.mender"): Instruction["action"] => ({
  kind: "install",
  assignmentId: randomUUID() as never,
  deploymentId: randomUUID() as never,
  attempt: 1,
  artifactName: "2.0",
  components: [{ name: "main", path, sizeBytes: 10, sha256: "ab".repeat(32) as never }],
});

test("a device enrols with its own key, proves it for a session, and obeys a signed answer", async () => {
  server.action = install();

  const result = await device.ask();

  expect(result).toMatchObject({ kind: "instructed", lifetimeMs: 3_600_000 });
  expect(server.enrollments).toMatchObject([
    { product: "gw2", hardwareType: "gw2-rev-a", identity: { serial: "A-1" } },
  ]);
  expect(device.link.read()).toMatchObject({
    generation: 1,
    device: { id: server.onlyDevice.id, state: "accepted" },
    keyFingerprint: device.key.fingerprint,
  });
});

test("what the server has already is not sent again, and what it asks for is", async () => {
  server.ask = ["inventory"];
  await device.ask();
  server.ask = [];
  await device.ask();
  await device.ask();

  expect(
    server.checkIns.map(({ running, inventory }) => [running?.artifactName, inventory]),
  ).toEqual([
    ["1.0", { hostname: "gw-17" }],
    [undefined, { hostname: "gw-17" }],
    [undefined, undefined],
  ]);
});

test("its circumstances are sent when they changed, and else by their digest alone", async () => {
  const say = (context?: ReportedContext) =>
    device.checkIn.checkIn(
      { ...device.report, ...(context === undefined ? {} : { context }) },
      false,
      device.signal,
    );
  await say();
  for (const busy of [true, true, false]) await say({ busy });

  expect(server.checkIns.map(({ context, digests }) => [context, digests.context])).toEqual([
    [undefined, undefined],
    [{ busy: true }, contextDigest({ busy: true }, nodeCrypto)],
    [undefined, contextDigest({ busy: true }, nodeCrypto)],
    [{ busy: false }, contextDigest({ busy: false }, nodeCrypto)],
  ]);
});

test("an answer without news is no instruction and moves no generation", async () => {
  await device.ask();
  expect(await device.checkIn.checkIn(device.report, false, device.signal)).toEqual({
    kind: "holds",
  });
  expect(device.link.read().generation).toBe(1);
});

const stranger = generateKeyPairSync("ed25519").privateKey;

test.each<[string, (server: DeviceServer) => void, string]>([
  [
    "another key signed",
    (evil) => replaceAnswer(evil, (content) => evil.envelope(content, stranger)),
    "signature-invalid",
  ],
  [
    "somebody changed",
    (evil) => replaceAnswer(evil, (content) => flipByte(evil.envelope(content))),
    "signature-invalid",
  ],
  [
    "answers another question",
    (evil) => (evil.alter = (it) => ({ ...it, nonce: "bm90LXlvdXItbm9uY2UtMTIzNA==" })),
    "wrong-nonce",
  ],
  [
    "is for another device",
    (evil) => (evil.alter = (it) => ({ ...it, deviceId: randomUUID() })),
    "other-device",
  ],
  [
    "is of another tenant",
    (evil) => (evil.alter = (it) => ({ ...it, tenantId: randomUUID() })),
    "other-tenant",
  ],
  [
    "repeats a generation",
    (evil) => (evil.alter = (it) => ({ ...it, generation: 1 })),
    "generation-not-newer",
  ],
  [
    "names software of another product",
    (evil) => evil.instruct(install("gw3/prod/2.0/a.mender")),
    "outside-path-prefix",
  ],
  ["may be acted on for years", (evil) => (evil.lifetimeMs = 1e11), "lifetime-invalid"],
  [
    "is no envelope",
    (evil) => replaceAnswer(evil, () => Buffer.from("<html>")),
    "envelope-malformed",
  ],
])("an answer that %s changes nothing on the device", async (_case, tamper, reason) => {
  await device.ask();
  const before = device.link.read();

  tamper(server);

  expect(await device.ask()).toEqual({ kind: "refused", reason });
  expect(device.link.read()).toEqual(before);
  expect(device.log.entries).toContainEqual({
    level: "error",
    event: "instruction-refused",
    fields: { reason, generation: 1 },
  });
});

test("an old answer that is played back is refused, though it was signed for this device", async () => {
  let recorded: Uint8Array | undefined;
  server.intercept = ({ path, body, response }) => {
    if (path !== "/device/v1/check-in") return false;
    recorded ??= server.answerTo(server.onlyDevice, JSON.parse(body.toString("utf8")));
    response.writeHead(200).end(recorded);
    return true;
  };

  expect(await device.ask()).toMatchObject({ kind: "instructed" });
  expect(await device.ask()).toEqual({ kind: "refused", reason: "wrong-nonce" });
});

test("the generation survives a restart, so that an older one stays refused", async () => {
  await device.ask();
  await device.ask();
  device.http.close();
  const again = await linkedDevice(server, { root: device.root });

  server.alter = (instruction) => ({ ...instruction, generation: 2 });

  expect(await again.ask()).toEqual({ kind: "refused", reason: "generation-not-newer" });
  again.http.close();
});

test("a stolen key that ran ahead to the last generation locks no device out: a root that takes it back makes that void", async () => {
  server.alter = (instruction) => ({ ...instruction, generation: Number.MAX_SAFE_INTEGER });
  await device.ask();
  server.alter = (instruction) => instruction;
  await server.repository.rotateInstructionKey();
  server.onlyDevice.generation = 0;

  // Whoever counts on from what the device reports gets beyond what can be counted; the answer makes it look for the new root.
  expect(await device.ask()).toMatchObject({ kind: "refused" });
  server.onlyDevice.generation = 7;

  expect(await device.ask()).toMatchObject({
    kind: "instructed",
    accepted: { instruction: { generation: 8 } },
  });
});

test("a server that was restored from a backup is obeyed: it counts on from what the device reports", async () => {
  for (let times = 0; times < 3; times += 1) await device.ask();
  server.onlyDevice.generation = 1;

  expect(await device.ask()).toMatchObject({
    kind: "instructed",
    accepted: { instruction: { generation: 4 }, origin: { generation: 4 } },
  });
});

test("an answer longer than an instruction can be is given up, not read", async () => {
  await device.ask();
  server.intercept = ({ response }) => {
    response.writeHead(200);
    const more = (): void => {
      if (!response.destroyed) response.write(Buffer.alloc(16 * 1024), more);
    };
    more();
    return true;
  };
  await expect(device.ask()).rejects.toMatchObject({ code: "reply-too-large" });
});

test("an answer that never ends is given up after the time-out", async () => {
  const impatient = await linkedDevice(server, { timeoutMs: 200 });
  await impatient.ask();
  server.intercept = ({ response }) => {
    response.writeHead(200).write("{");
    return true;
  };
  await expect(impatient.ask()).rejects.toMatchObject({ code: "request-timed-out" });
  await impatient.close();
});

test("a redirect is an answer that cannot be obeyed, and is not followed", async () => {
  await device.ask();
  const elsewhere = await new DeviceServer().listen();
  server.intercept = ({ response }) => {
    response.writeHead(307, { location: `http://127.0.0.1:${elsewhere.port}/` }).end();
    return true;
  };
  expect(await device.ask()).toMatchObject({ kind: "problem", problem: { status: 307 } });
  expect(elsewhere.requests).toEqual([]);
  await elsewhere.close();
});

test("a session that ended is renewed without anybody noticing", async () => {
  await device.ask();
  server.expireSessions();

  expect(await device.ask()).toMatchObject({ kind: "instructed" });
  expect(server.requests.filter((request) => request.endsWith("/session"))).toHaveLength(2);
});

test("a device tells its server what it never goes below again, and once more when that has risen", async () => {
  device.counter.at = 3;
  await device.ask();
  await device.ask();
  const told = () =>
    server.sessions.map(({ traits: { rootVersion, securityCounter } }) => ({
      rootVersion,
      securityCounter,
    }));
  expect(server.enrollments[0]?.traits).toMatchObject({ rootVersion: 1, securityCounter: 3 });
  expect(told()).toEqual([{ rootVersion: 1, securityCounter: 3 }]);

  device.counter.at = 4;
  expect(await device.ask()).toMatchObject({ kind: "instructed" });
  await device.ask();
  expect(told()).toEqual([
    { rootVersion: 1, securityCounter: 3 },
    { rootVersion: 1, securityCounter: 4 },
  ]);
});

test("a server that refuses every session is asked once more and no oftener", async () => {
  await device.ask();
  server.intercept = ({ path, response }) => {
    if (path !== "/device/v1/check-in") return false;
    problem(response, 401, "session-expired");
    return true;
  };
  const before = server.requests.length;
  expect(await device.ask()).toMatchObject({ kind: "problem", problem: { status: 401 } });
  expect(server.requests.slice(before)).toEqual([
    "POST /device/v1/check-in",
    "POST /device/v1/challenge",
    "POST /device/v1/session",
    "POST /device/v1/check-in",
  ]);
});

test("a pending device asks for nothing but its state until an operator accepts it", async () => {
  server.admits = "pending";
  expect(await device.ask()).toEqual({ kind: "not-accepted", state: "pending" });
  expect(server.requests).not.toContain("POST /device/v1/check-in");

  server.onlyDevice.state = "accepted";
  expect(await device.ask()).toMatchObject({ kind: "instructed" });
});

test.each(["rejected", "decommissioned"] as const)(
  "a device that was %s while it had a session learns it at its next check-in, also after a restart",
  async (state) => {
    await device.ask();
    server.onlyDevice.state = state;
    expect(await device.ask()).toEqual({ kind: "not-accepted", state });
    expect(device.link.read().device).toMatchObject({ state });
  },
);

test("a device that the server has lost enrols again by itself", async () => {
  await device.ask();
  const before: FleetDevice = server.onlyDevice;
  server.devices.clear();
  server.expireSessions();

  expect(await device.ask()).toMatchObject({
    kind: "problem",
    problem: { code: "device-unknown" },
  });
  expect(await device.ask()).toMatchObject({ kind: "instructed" });
  expect(device.link.read().device?.id).not.toBe(before.id);
});

test("a challenge that grew old on the way is replaced by a new one", async () => {
  let isFirst = true;
  server.intercept = ({ path, response }) => {
    if (path !== "/device/v1/enroll" || !isFirst) return false;
    isFirst = false;
    problem(response, 401, "challenge-expired");
    return true;
  };
  expect(await device.ask()).toMatchObject({ kind: "instructed" });
});

test("a damaged link state is set aside and costs the device nothing but its memory", async () => {
  await device.ask();
  device.http.close();
  const path = join(device.dataDir, "link.json");
  await writeFile(path, '{"version":1,"gen');

  const again = await linkedDevice(server, { root: device.root });

  expect(await again.ask()).toMatchObject({ kind: "instructed" });
  expect(again.link.read().device?.id).toBe(server.onlyDevice.id);
  expect(await readFile(`${path}.damaged`, "utf8")).toContain("gen");
  again.http.close();
});

test("what may be acted on is on the disk before anybody is told", async () => {
  const result = await device.ask();
  const saved: unknown = JSON.parse(await readFile(join(device.dataDir, "link.json"), "utf8"));
  expect(saved).toMatchObject({
    generation: result.kind === "instructed" ? result.accepted.instruction.generation : Number.NaN,
  });
});

test("a server whose certificate the provisioned authority issued is believed, others are not", async () => {
  const tls = { cert: TEST_CERTIFICATE, key: TEST_CERTIFICATE_KEY, authority: TEST_AUTHORITY };
  const secure = await new DeviceServer({ tls }).listen();
  const believer = await linkedDevice(secure);
  expect(await believer.ask()).toMatchObject({ kind: "instructed" });

  const { url } = secure.provisioning().server;
  const doubter = await linkedDevice(secure, { provisioning: { server: { url } } });
  await expect(doubter.ask()).rejects.toMatchObject({ code: "tls-failed" });
  await Promise.all([believer.close(), doubter.close(), secure.close()]);
});

test("a certificate from the future is a failure that names its reason", async () => {
  const tls = { cert: FUTURE_CERTIFICATE, key: TEST_CERTIFICATE_KEY, authority: TEST_AUTHORITY };
  const secure = await new DeviceServer({ tls }).listen();
  const early = await linkedDevice(secure);
  await expect(early.ask()).rejects.toMatchObject({
    code: "tls-failed",
    context: { reason: "CERT_NOT_YET_VALID" },
  });
  await Promise.all([early.close(), secure.close()]);
});

test("a connection that the server closed between two requests is no failure", async () => {
  await device.ask();
  let isFirst = true;
  server.intercept = ({ response }) => {
    if (!isFirst) return false;
    isFirst = false;
    response.socket?.resetAndDestroy();
    return true;
  };
  expect(await device.ask()).toMatchObject({ kind: "instructed" });
});

/** Answers check-ins with what `make` makes of the instruction that would have been signed. */
function replaceAnswer(evil: DeviceServer, make: (content: unknown) => Uint8Array): void {
  let content: unknown;
  evil.alter = (instruction) => (content = instruction);
  evil.intercept = ({ path, body, response }) => {
    if (path !== "/device/v1/check-in") return false;
    evil.answerTo(evil.onlyDevice, JSON.parse(body.toString("utf8")));
    response.writeHead(200).end(make(present(content, "an answer was made")));
    return true;
  };
}

/** Changes one byte inside the payload. */
function flipByte(envelope: Uint8Array): Uint8Array {
  const text = Buffer.from(envelope).toString("utf8");
  const { payload, ...rest } = JSON.parse(text) as { payload: string };
  const bytes = Buffer.from(payload, "base64");
  bytes[20] = (bytes[20] ?? 0) ^ 1;
  return Buffer.from(JSON.stringify({ ...rest, payload: bytes.toString("base64") }));
}
