import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { payloadFileFromBytes, prepareArtifact } from "@moult/artifact";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DeviceServer } from "../../../../tests/system/device-server.fixture.ts";
import { SignedRepository } from "../../../../tests/system/signed-repository.fixture.ts";
import {
  OTHER_AUTHORITY,
  OTHER_CERTIFICATE,
  OTHER_CERTIFICATE_KEY,
  TEST_AUTHORITY,
  TEST_CERTIFICATE,
  TEST_CERTIFICATE_KEY,
} from "../../../../tests/system/test-certificates.fixture.ts";
import {
  aDaemon,
  ended,
  programArtifact,
  update,
  waitFor,
  type DaemonFixture,
} from "./daemon.fixture.ts";

const OWN_TLS = { cert: TEST_CERTIFICATE, key: TEST_CERTIFICATE_KEY, authority: TEST_AUTHORITY };
const OTHER_TLS = {
  cert: OTHER_CERTIFICATE,
  key: OTHER_CERTIFICATE_KEY,
  authority: OTHER_AUTHORITY,
};

let repository: SignedRepository;
let old: DeviceServer;
let device: DaemonFixture;
const others: DeviceServer[] = [];
beforeEach(() => {
  repository = new SignedRepository();
});
afterEach(async () => {
  await device.close();
  await old.close();
  for (const other of others.splice(0)) await other.close();
});

async function start(options: ConstructorParameters<typeof DeviceServer>[0] = {}): Promise<void> {
  old = await new DeviceServer({ repository, ...options }).listen();
  device = await aDaemon(old);
}

async function anotherServer(
  options: ConstructorParameters<typeof DeviceServer>[0] = {},
): Promise<DeviceServer> {
  const other = await new DeviceServer({ repository, ...options }).listen();
  others.push(other);
  return other;
}

/** A release that moves devices to `target`. */
async function moveArtifact(artifactName: string, target: object | string): Promise<Buffer> {
  const content = typeof target === "string" ? target : JSON.stringify(target);
  const prepared = await prepareArtifact({
    artifactName,
    deviceTypes: ["gw2-rev-a"],
    payloads: [
      { type: "moult-server", files: [payloadFileFromBytes("server.json", Buffer.from(content))] },
    ],
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of prepared.bytes()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const placeOf = (server: DeviceServer): object => {
  const { server: place, tenantId } = server.provisioning();
  return { ...place, tenantId };
};
const moreCheckIns = async (server: DeviceServer): Promise<void> => {
  const before = server.checkIns.length;
  await waitFor(
    "check-ins",
    () => (server.checkIns.length > before + 1 ? true : undefined),
    15_000,
    10,
  );
};
const serverUrl = async (): Promise<string | null> => (await device.control.status()).serverUrl;

test("a signed release moves a device to another server, for good once that one has answered it", async () => {
  await start();
  const other = await anotherServer();

  const artifact = await moveArtifact("move-1", placeOf(other));
  const finished = await update(old, device, "move-1", { artifact });

  // The server that gave the assignment hears of its end, under its own name for the device.
  expect(finished).toMatchObject({ outcome: "succeeded", running: { artifactName: "move-1" } });
  await moreCheckIns(other);
  expect(other.enrollments[0]?.publicKey).toBe(old.enrollments[0]?.publicKey);
  const left = old.checkIns.length;

  await device.restart();
  await moreCheckIns(other);
  expect(old.checkIns).toHaveLength(left);
  expect(await update(other, device, "2.0")).toMatchObject({ outcome: "succeeded" });
});

test.each<[string, (other: DeviceServer) => Promise<void>]>([
  ["does not answer", (other) => other.close()],
  [
    "does not want the device",
    async (other) => {
      other.admits = "rejected";
    },
  ],
  [
    "answers with another repository's key",
    async (other) => {
      const { privateKey } = new SignedRepository().instruction;
      const honest = other.envelope.bind(other);
      other.envelope = (content) => honest(content, privateKey);
    },
  ],
])("a device comes back from a new server that %s", async (_case, break_) => {
  await start();
  const other = await anotherServer();
  const artifact = await moveArtifact("move-1", placeOf(other));
  await break_(other);

  const finished = await update(old, device, "move-1", { artifact });

  expect(finished).toMatchObject({ outcome: "rolled-back", code: "health-check-failed" });
  expect(await serverUrl()).toBe(old.provisioning().server.url);
  expect(await update(old, device, "2.0")).toMatchObject({ outcome: "succeeded" });
  await device.restart();
  await moreCheckIns(old);
});

test("a server moves nobody by its own word", async () => {
  await start();
  const other = await anotherServer();
  const artifact = await moveArtifact("move-1", placeOf(other));

  const finished = await update(old, device, "move-1", { artifact, isListed: false });

  expect(finished).toMatchObject({ outcome: "rejected", code: "target-not-signed" });
  expect(other.requests).toEqual([]);
});

test("not even a person who allows an unsigned file moves a device by one", async () => {
  await start();
  const other = await anotherServer();
  const file = join(device.root, "move.mender");
  await writeFile(file, await moveArtifact("move-1", placeOf(other)));

  const reply = await device.control.install({ file, isUnsignedAllowed: true });

  expect(reply).toMatchObject({ kind: "finished", code: "payload-refused" });
  expect(other.requests).toEqual([]);
});

test.each<[string, object | string]>([
  ["that is no JSON", "{"],
  ["with a word that nobody knows", { url: "https://a.example", trust: "none" }],
  ["with an address of another kind", { url: "file:///etc/passwd" }],
  ["whose authority is no certificate", { url: "https://a.example", certificateAuthority: "x" }],
])("a move %s is refused before anything changes", async (_case, target) => {
  await start();
  const artifact = await moveArtifact("move-1", target);

  const finished = await update(old, device, "move-1", { artifact });

  expect(finished).toMatchObject({ outcome: "failed", code: "payload-refused" });
  expect(await serverUrl()).toBe(old.provisioning().server.url);
});

test("a server's authority is rotated: first devices learn both, then the server changes", async () => {
  await start({ tls: OWN_TLS });
  const url = old.provisioning().server.url;
  const both = { url, certificateAuthority: TEST_AUTHORITY + OTHER_AUTHORITY };
  const artifact = await moveArtifact("authority-2", both);
  expect(await update(old, device, "authority-2", { artifact })).toMatchObject({
    outcome: "succeeded",
  });

  old.takeCertificate(OTHER_TLS);
  await device.restart();
  await moreCheckIns(old);

  const onlyNew = await moveArtifact("authority-3", { url, certificateAuthority: OTHER_AUTHORITY });
  expect(await update(old, device, "authority-3", { artifact: onlyNew })).toMatchObject({
    outcome: "succeeded",
  });
  await device.restart();
  await moreCheckIns(old);
});

test("a server that lost its authority gets its devices back by a signed file that somebody carries to them", async () => {
  await start({ tls: OWN_TLS });
  await moreCheckIns(old);
  old.takeCertificate(OTHER_TLS);
  await device.restart();
  await waitFor(
    "the trouble",
    async () => ((await device.control.status()).link.trouble === null ? undefined : true),
    15_000,
    20,
  );

  const { url } = old.provisioning().server;
  const artifact = await moveArtifact("authority-2", {
    url,
    certificateAuthority: OTHER_AUTHORITY,
  });
  const { sha256 } = old.addBlob(artifact);
  repository.list(`gw2/prod/authority-2/${sha256}.mender`, artifact);
  const file = join(device.root, "authority.mender");
  const metadataDir = join(device.root, "metadata");
  await writeFile(file, artifact);
  await mkdir(metadataDir);
  for (const [name, bytes] of await repository.files())
    await writeFile(join(metadataDir, name), bytes);

  const reply = await device.control.install({ file, isUnsignedAllowed: false, metadataDir });
  expect(reply).toMatchObject({ kind: "awaiting-decision" });
  expect(await device.control.commit()).toMatchObject({ kind: "finished", outcome: "succeeded" });
  await moreCheckIns(old);
  await device.restart();
  await moreCheckIns(old);
});

test("a damaged note of the new server leads back to the provisioned one", async () => {
  await start();
  const other = await anotherServer();
  const artifact = await moveArtifact("move-1", placeOf(other));
  await update(old, device, "move-1", { artifact });
  await device.stop();
  const note = join(device.folders.identityDir, "server.json");
  expect(await readFile(note, "utf8")).toContain(String(other.port));
  await writeFile(note, "{");

  await device.restart();
  await moreCheckIns(old);

  await rm(note);
  expect(
    await update(old, device, "2.0", { artifact: await programArtifact("2.0") }),
  ).toMatchObject({ outcome: "succeeded" });
});

test("a device that is cut off on trial comes back to its old server", async () => {
  await start();
  const other = await anotherServer();
  other.intercept = ({ path }) => path.startsWith("/device/v1/challenge");
  const artifact = await moveArtifact("move-1", placeOf(other));
  const assignmentId = old.offer(old.addBlob(artifact), "move-1");
  device.checkIn();
  await waitFor("the trial", () => (other.requests.length > 0 ? true : undefined), 15_000, 10);

  await device.restart();

  expect(await ended(old, assignmentId)).toMatchObject({
    outcome: "rolled-back",
    code: "power-lost",
  });
  await moreCheckIns(old);
});
