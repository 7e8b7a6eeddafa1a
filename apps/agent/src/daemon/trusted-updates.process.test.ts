import { readFile, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DAY_MS, present, utf8 } from "@moult/base";
import { RECEIPT_PAYLOAD_TYPE, Receipt } from "@moult/device-protocol";
import { nodeCrypto } from "@moult/node-crypto";
import { openEnvelope, parseJson, type TargetCustom } from "@moult/trust";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DeviceServer } from "../../../../tests/system/device-server.fixture.ts";
import {
  aDaemon,
  ended,
  programArtifact,
  update,
  waitFor,
  type DaemonFixture,
} from "./daemon.fixture.ts";

let server: DeviceServer;
let device: DaemonFixture;
beforeEach(async () => {
  server = await new DeviceServer().listen();
  device = await aDaemon(server);
});
afterEach(async () => {
  await device.close();
  await server.close();
});

const installed = () => readFile(join(device.root, "opt/program"), "utf8").catch(() => "nothing");
const blobsFetched = () =>
  server.requests.filter((request) => request.startsWith("GET /device/v1/blobs/")).length;
const reported = (name: string, value: string) =>
  waitFor(
    `${name}=${value} in the inventory`,
    () => server.checkIns.find(({ inventory }) => inventory?.[name] === value),
    10_000,
    10,
  );

test("what offline keys signed is installed, and the device swears what came of it", async () => {
  const finished = await update(server, device, "2.0", { custom: { securityCounter: 3 } });

  expect(finished).toMatchObject({ outcome: "succeeded" });
  expect(await installed()).toBe("2.0");
  const { key, id } = server.onlyDevice;
  const publicKey = key.export({ format: "der", type: "spki" });
  const opened = openEnvelope(
    utf8(finished.receipt ?? ""),
    RECEIPT_PAYLOAD_TYPE,
    [{ scheme: "ed25519", publicKey }],
    nodeCrypto,
  );
  expect(opened).toMatchObject({ kind: "verified" });
  const receipt = parseJson(opened.kind === "verified" ? opened.payload : utf8(""), Receipt);
  expect(receipt).toMatchObject({
    tenantId: server.tenantId,
    deviceId: id,
    outcome: "succeeded",
    artifactName: "2.0",
    rootVersion: 1,
    role: "gw2.prod",
    roleVersion: 2,
    securityCounter: 3,
    running: { artifactName: "2.0" },
  });
  expect(receipt?.generation).toBeLessThanOrEqual(server.onlyDevice.generation);
});

test("what a server alone says is refused before a byte of it is fetched, once", async () => {
  const finished = await update(server, device, "2.0", { isListed: false });

  expect(finished).toMatchObject({ outcome: "rejected", code: "target-not-signed" });
  expect(finished.receipt).toBeDefined();
  expect(blobsFetched()).toBe(0);
  expect(await installed()).toBe("nothing");

  const before = server.checkIns.length;
  await waitFor("check-ins", () => (server.checkIns.length > before + 2 ? true : undefined), 9_000);
  expect(server.reports.filter(({ event }) => event.kind === "finished")).toHaveLength(1);
});

test.each<[string, Partial<TargetCustom>]>([
  ["wrong-hardware", { hardwareTypes: ["other-board" as never] }],
  ["requirement-not-met", { requires: { bootloader: ["2"] } }],
  ["conflict", { conflicts: { artifact_name: ["unknown"] } }],
  ["agent-too-old", { minAgent: "99.0" }],
  ["too-early", { notBefore: "2999-01-01T00:00:00Z" }],
  ["digest-mismatch", { headSha256: "ab".repeat(32) as never }],
  ["digest-mismatch", { payloads: [{ type: "single-file", files: [] }] }],
  ["artifact-name-mismatch", { version: "3.0" as never }],
  ["custom-malformed", { component: "motor" as never }],
])("a signed target is refused by %s: %o", async (code, custom) => {
  const finished = await update(server, device, "2.0", { custom });

  expect(finished).toMatchObject({ outcome: "rejected", code });
  expect(await installed()).toBe("nothing");
});

test("a release whose instant is about to come is waited for: clocks of devices are some seconds behind", async () => {
  const at = Date.now() + 3_000;
  const custom = { notBefore: new Date(at).toISOString() };

  expect(await update(server, device, "2.0", { custom })).toMatchObject({ outcome: "succeeded" });
  expect(Date.now()).toBeGreaterThanOrEqual(at);
});

test("a server that names another size or digest than was signed is refused", async () => {
  server.alter = (instruction) => {
    if (instruction.action.kind === "install")
      for (const component of instruction.action.components) component.sizeBytes += 1;
    return instruction;
  };
  expect(await update(server, device, "2.0")).toMatchObject({ code: "other-length" });

  server.alter = (instruction) => {
    if (instruction.action.kind === "install")
      for (const component of instruction.action.components)
        component.sha256 = "ab".repeat(32) as never;
    return instruction;
  };
  expect(await update(server, device, "3.0")).toMatchObject({ code: "other-digest" });
  expect(blobsFetched()).toBe(0);
});

test("nothing below the security counter of what was committed comes back, also without the data folder", async () => {
  await update(server, device, "2.0", { custom: { securityCounter: 5 } });
  expect(await update(server, device, "1.9", { custom: { securityCounter: 4 } })).toMatchObject({
    outcome: "rejected",
    code: "security-counter-too-low",
  });

  await device.stop();
  await rm(device.folders.dataDir, { recursive: true });
  await device.restart();
  expect(await update(server, device, "1.8", { custom: { securityCounter: 4 } })).toMatchObject({
    code: "security-counter-too-low",
  });
  expect(await update(server, device, "2.1", { custom: { securityCounter: 5 } })).toMatchObject({
    outcome: "succeeded",
  });
  expect((await device.control.status()).trust).toMatchObject({ securityCounter: 5, troubles: [] });
});

test("expired metadata keep new installations away, say so, and stop nothing else", async () => {
  await update(server, device, "2.0");
  server.repository.signedAt = () => Date.now() - 4 * DAY_MS;
  server.repository.renew();

  expect(await update(server, device, "3.0")).toMatchObject({
    outcome: "rejected",
    code: "expired",
  });
  expect((await device.control.status()).trust?.standing).toBe("expired: timestamp");
  await reported("moult.trust", "expired: timestamp");

  // A start with nothing but what has expired: it runs, checks in, and takes the next good release.
  await device.restart();
  const before = server.checkIns.length;
  await waitFor("a check-in", () => (server.checkIns.length > before ? true : undefined), 9_000);
  server.repository.signedAt = () => Date.now();
  server.repository.renew();
  expect(await update(server, device, "4.0")).toMatchObject({ outcome: "succeeded" });
  expect((await device.control.status()).trust?.standing).toBe("ok");
});

test("an update whose metadata expire while it is tried is committed all the same", async () => {
  const artifact = await programArtifact("2.0");
  server.intercept = async ({ path }) => {
    if (!path.startsWith("/device/v1/blobs/")) return false;
    server.repository.signedAt = () => Date.now() - 900 * DAY_MS;
    server.repository.renew();
    return false;
  };
  expect(await update(server, device, "2.0", { artifact })).toMatchObject({ outcome: "succeeded" });
});

test("a device learns of a new instruction key by the chain of roots, and forgets the old one", async () => {
  await update(server, device, "2.0");
  const stolen = server.repository.instruction.privateKey;
  await server.repository.rotateInstructionKey();

  expect(await update(server, device, "3.0")).toMatchObject({ outcome: "succeeded" });
  expect((await device.control.status()).trust?.rootVersion).toBe(2);

  const honest = server.envelope.bind(server);
  server.envelope = (content) => honest(content, stolen);
  server.offer(server.addBlob(await programArtifact("4.0")), "4.0");
  device.checkIn();
  await waitFor(
    "the refusal",
    () => device.log.entries.find(({ event }) => event === "instruction-refused"),
    10_000,
    10,
  );
  expect((await device.control.status()).link.lastRefusal).toBe("signature-invalid");
  expect(await installed()).toBe("3.0");
});

test("a stolen instruction key that a new root has revoked installs nothing on a device that had not heard yet", async () => {
  await update(server, device, "2.0");
  const stolen = server.repository.instruction.privateKey;
  const honest = server.envelope.bind(server);
  server.envelope = (content) => honest(content, stolen);
  await server.repository.rotateInstructionKey();

  expect(await update(server, device, "3.0")).toMatchObject({
    outcome: "rejected",
    code: "instruction-key-revoked",
  });
  expect(await installed()).toBe("2.0");
});

test("metadata that were rolled back are refused by name, and the honest ones are taken afterwards", async () => {
  await update(server, device, "2.0");
  const old = present(await server.repository.file("timestamp.json"), "it is served");
  await update(server, device, "3.0");
  const newest = await server.repository.file("timestamp.json");
  await server.repository.replace("timestamp.json", old);

  const artifact = server.addBlob(await programArtifact("2.0"));
  const assignmentId = server.offer(artifact, "2.0", { isListed: false });
  device.checkIn();
  expect(await ended(server, assignmentId)).toMatchObject({ code: "version-rollback" });

  await server.repository.replace("timestamp.json", newest);
  expect(await update(server, device, "4.0")).toMatchObject({ outcome: "succeeded" });
});

test("a device goes on from any damage to what it had verified", async () => {
  await update(server, device, "2.0");
  const folder = join(device.folders.dataDir, "trust");
  const names = await readdir(folder);
  expect(names.length).toBeGreaterThan(4);
  for (const [index, name] of names.entries()) {
    await device.stop();
    if (index % 2 === 0) await truncate(join(folder, name), 20);
    else await writeFile(join(folder, name), "\u0000");
    await device.restart();
  }
  expect(await update(server, device, "3.0")).toMatchObject({ outcome: "succeeded" });

  await device.stop();
  await rm(folder, { recursive: true });
  await device.restart();
  expect(await update(server, device, "4.0")).toMatchObject({ outcome: "succeeded" });
});

test("metadata that cannot be fetched are tried again, and cost the update nothing", async () => {
  let failures = 2;
  server.intercept = ({ path, response }) => {
    if (!path.endsWith("/timestamp.json") || failures === 0) return false;
    failures -= 1;
    response.writeHead(502).end();
    return true;
  };
  expect(await update(server, device, "2.0")).toMatchObject({ outcome: "succeeded" });
  expect(failures).toBe(0);
});

test("a timestamp without end is given up and named", async () => {
  server.intercept = ({ path, response }) => {
    if (!path.endsWith("/timestamp.json")) return false;
    response.writeHead(200);
    const more = (): void => {
      if (!response.destroyed) response.write(Buffer.alloc(64 * 1024), more);
    };
    more();
    return true;
  };
  expect(await update(server, device, "2.0")).toMatchObject({
    outcome: "rejected",
    code: "file-too-large",
  });
});

test("nobody sends a device elsewhere for its metadata or its artifact", async () => {
  const elsewhere = await new DeviceServer().listen();
  try {
    for (const part of ["/trust/timestamp.json", "/blobs/"]) {
      let redirects = 0;
      server.intercept = ({ path, response }) => {
        if (!path.includes(part) || redirects > 0) return false;
        redirects += 1;
        const location = `http://127.0.0.1:${elsewhere.port}${path}`;
        response.writeHead(307, { location }).end();
        return true;
      };
      expect(await update(server, device, part === "/blobs/" ? "3.0" : "2.0")).toMatchObject({
        outcome: "succeeded",
      });
      expect(redirects).toBe(1);
    }
    expect(elsewhere.requests).toEqual([]);
  } finally {
    await elsewhere.close();
  }
});
