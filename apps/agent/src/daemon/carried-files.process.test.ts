import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DAY_MS } from "@moult/base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DeviceServer } from "../../../../tests/system/device-server.fixture.ts";
import { aDaemon, programArtifact, update, type DaemonFixture } from "./daemon.fixture.ts";

// Files that a person carries to a provisioned device, on a stick.

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
const storedTimestamp = () =>
  readFile(join(device.folders.dataDir, "trust/timestamp.json"), "utf8");

/** A file on the stick; `isListed`: the signers list it from now on. */
async function carried(name: string, { isListed = true, custom = {} } = {}): Promise<string> {
  const artifact = await programArtifact(name);
  const { sha256 } = server.addBlob(artifact);
  if (isListed) server.repository.list(`gw2/prod/${name}/${sha256}.mender`, artifact, custom);
  const file = join(device.root, `${name}.mender`);
  await writeFile(file, artifact);
  return file;
}

/** The repository as it is now, in a folder on the stick. */
async function metadata(name: string): Promise<string> {
  const folder = join(device.root, name);
  await mkdir(folder, { recursive: true });
  for (const [file, bytes] of await server.repository.files())
    await writeFile(join(folder, file), bytes);
  return folder;
}

const install = (file: string, more: { metadataDir?: string; isUnsignedAllowed?: boolean } = {}) =>
  device.control.install({ file, isUnsignedAllowed: false, ...more });

test("a file is installed by the metadata that came with it, also where no server was ever met", async () => {
  server.intercept = ({ path }) => path.startsWith("/device/v1/trust/");
  const file = await carried("2.0", { custom: { securityCounter: 6 } });

  const reply = await install(file, { metadataDir: await metadata("stick") });
  expect(reply).toMatchObject({ kind: "awaiting-decision", expiredRole: null });
  await device.control.commit();

  expect(await installed()).toBe("2.0");
  expect((await device.control.status()).trust).toMatchObject({ securityCounter: 6 });
});

test("a file is installed by what the device has stored, and by nothing when that does not list it", async () => {
  const file = await carried("3.0");
  await update(server, device, "2.0");

  expect(await install(await carried("4.0", { isListed: false }))).toMatchObject({
    kind: "finished",
    outcome: "rejected",
    code: "target-not-signed",
  });
  expect(await installed()).toBe("2.0");
  expect(await install(file)).toMatchObject({ kind: "awaiting-decision" });
  expect(await installed()).toBe("3.0");
});

test("a file whose signed target says otherwise is refused as a server's is", async () => {
  const file = await carried("2.0", { custom: { hardwareTypes: ["other-board"] } });

  expect(await install(file, { metadataDir: await metadata("stick") })).toMatchObject({
    outcome: "rejected",
    code: "wrong-hardware",
  });
});

test("metadata that have expired are good enough for a person, who is told", async () => {
  const file = await carried("2.0");
  server.repository.signedAt = () => Date.now() - 10 * DAY_MS;
  server.repository.renew();
  const metadataDir = await metadata("stick");

  expect(await install(file, { metadataDir })).toMatchObject({
    kind: "awaiting-decision",
    expiredRole: "timestamp",
  });
});

test("an old stick lowers nothing that the device has seen", async () => {
  const file = await carried("2.0");
  const oldStick = await metadata("old");
  await update(server, device, "3.0", { custom: { securityCounter: 2 } });
  const before = await storedTimestamp();

  // What it brings is still listed, by newer metadata than its own; its counter is not good enough any more.
  expect(await install(file, { metadataDir: oldStick })).toMatchObject({
    outcome: "rejected",
    code: "security-counter-too-low",
  });
  expect(await storedTimestamp()).toBe(before);

  server.repository.unlist("prod");
  await update(server, device, "4.0", { custom: { securityCounter: 2 } });
  expect(await install(file, { metadataDir: oldStick })).toMatchObject({
    outcome: "rejected",
    code: "version-rollback",
  });
});

test("metadata of another repository are refused, whatever they list", async () => {
  const elsewhere = await new DeviceServer().listen();
  try {
    const artifact = await programArtifact("2.0");
    const { sha256 } = elsewhere.addBlob(artifact);
    elsewhere.repository.list(`gw2/prod/2.0/${sha256}.mender`, artifact);
    const folder = join(device.root, "stick");
    await mkdir(folder);
    for (const [name, bytes] of await elsewhere.repository.files())
      await writeFile(join(folder, name), bytes);
    const file = join(device.root, "2.0.mender");
    await writeFile(file, artifact);

    expect(await install(file, { metadataDir: folder })).toMatchObject({
      outcome: "rejected",
      code: "threshold-not-met",
    });
  } finally {
    await elsewhere.close();
  }
});

test("somebody at the device may do without signatures, and raises no counter by it", async () => {
  await update(server, device, "2.0", { custom: { securityCounter: 3 } });
  const file = await carried("9.0", { isListed: false });

  expect(await install(file, { isUnsignedAllowed: true })).toMatchObject({
    kind: "awaiting-decision",
  });
  await device.control.commit();

  expect(await installed()).toBe("9.0");
  expect((await device.control.status()).trust).toMatchObject({ securityCounter: 3 });
  await rm(file);
});
