import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { signUp } from "../../tools/local/administrator.ts";
import { waitFor } from "../../tools/local/local-process.ts";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";
import { createMoultCommand, words, type MoultCommand } from "../../tools/local/moult-command.ts";
import { startCuttingProxy } from "../system/cutting-proxy.fixture.ts";
import {
  createMenderDevice,
  type MenderDevice,
  type MenderDeviceOptions,
} from "./mender-client.fixture.ts";

// Debian's mender-client as it is packaged, against the server as it runs, by the commands of docs/guide/mender-clients.md.

let folder = "";
let server: LocalServer;
let moult: MoultCommand;
const devices: MenderDevice[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-mender-client-"));
  server = await startLocalServer({ dataFolder: join(folder, "server") });
  moult = createMoultCommand({ home: join(folder, "home"), cwd: folder });
  await signUp(server, moult);
});

afterEach(async () => {
  for (const device of devices.splice(0)) await device.stop();
});

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const LONG_MS = 60_000;

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly hardwareType: string;
  readonly running: { readonly artifactName: string } | null;
  readonly trustLevel: { readonly level: string };
  readonly update: { readonly state: string } | null;
}

/** A product of its own for each test, and a token that lets its devices in. */
async function createProduct(
  product: string,
  { accepts = true, extra = [] as readonly string[] } = {},
): Promise<string> {
  await moult.ok([...words`product create ${product}`, ...extra]);
  const created = await moult.ok([
    ...words`enrolment-token create --product ${product}`,
    ...(accepts ? ["--accepts"] : []),
  ]);
  return created.trim();
}

function createDevice(
  serial: string,
  tenantToken: string,
  options: Partial<MenderDeviceOptions> = {},
): MenderDevice {
  const device = createMenderDevice({
    root: join(folder, serial),
    serverUrl: server.url,
    certificateFile: server.certificateAuthorityFile,
    tenantToken,
    identity: { serial },
    deviceType: "gw2-rev-b",
    artifactName: "1.0",
    ...options,
  });
  devices.push(device);
  return device;
}

const until = (what: string, product: string, holds: (device: Shown) => boolean): Promise<Shown> =>
  waitFor(
    what,
    async () => {
      const { items } = (await moult.json(words`device list --product ${product}`)) as {
        readonly items: readonly Shown[];
      };
      return items.find(holds);
    },
    LONG_MS,
    1_000,
  );

const isReported = ({ running }: Shown): boolean => running !== null;

/** A file for the device, uploaded as a release of the product. */
async function release(
  product: string,
  version: string,
  device: MenderDevice,
  content: string | Buffer,
  extra: readonly string[] = [],
): Promise<void> {
  const path = join(folder, `${product}-${version}`);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "app.conf"), content);
  const artifact = join(path, "release.mender");
  await moult.ok([
    ...words`artifact create ${join(path, "app.conf")} --type single-file --dest-dir ${device.target}`,
    ...words`--name ${version} --hardware-type gw2-rev-b --out ${artifact}`,
    ...extra,
  ]);
  await moult.ok(words`release upload --product ${product} ${artifact}`);
}

const deploy = (product: string, version: string, extra: readonly string[] = []) =>
  moult.run([
    ...words`deployment create ${`${product}/${version}`} --all --name ${`${product}-${version}`}`,
    ...extra,
  ]);

const TIMEOUT = words`--timeout 90s`;
const WATCHED = ["--watch", ...TIMEOUT];

async function outcomes(product: string, version: string): Promise<unknown> {
  return moult.json(words`deployment devices ${`${product}-${version}`}`);
}

test("mender-client: a device joins, is updated and runs the release that it reports", async () => {
  const device = createDevice("A-1", await createProduct("joins"));
  await release("joins", "2.0", device, "mode=fast\n");
  await device.start();
  expect(await until("the device's first report", "joins", isReported)).toMatchObject({
    state: "accepted",
    hardwareType: "gw2-rev-b",
    running: { artifactName: "1.0" },
    trustLevel: { level: "server-trusted" },
  });

  const deployed = await deploy("joins", "2.0", WATCHED);
  expect(deployed, device.log().slice(-3_000)).toMatchObject({ exitCode: 0 });

  expect(device.read("app.conf")).toBe("mode=fast\n");
  const after = await until("the release", "joins", (it) => it.running?.artifactName === "2.0");
  expect(after.update).toBeNull();
  expect(await moult.ok(words`device list --product joins --attribute os=Debian`)).toContain("A-1");
  await device.stop();
  expect(device.showProvides()).toContain("artifact_name=2.0");
});

test("mender-client: a device waits until it is accepted, and one that is rejected gets nothing", async () => {
  const token = await createProduct("waits", { accepts: false });
  const device = createDevice("B-1", token);
  await device.start();
  const pending = await until("a device that waits", "waits", ({ state }) => state === "pending");
  expect(pending.running).toBeNull();

  await moult.ok(words`device accept ${pending.id} --yes`);
  device.checkUpdate();
  await until("its first report", "waits", isReported);

  await release("waits", "2.0", device, "never");
  await moult.ok(words`device reject ${pending.id} --yes`);
  const before = device.log().length;
  await deploy("waits", "2.0");
  device.checkUpdate();
  await waitFor(
    "a refusal",
    () => /An operator rejected this device/.exec(device.log().slice(before)) ?? undefined,
    LONG_MS,
  );
  expect(device.read("app.conf")).toBeUndefined();
});

test("mender-client: a device whose key was preauthorised is accepted without a token", async () => {
  await createProduct("factory");
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 3072,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  writeFileSync(join(folder, "factory.pub.pem"), publicKey);
  await moult.ok(
    words`device preauthorise --product factory --public-key factory.pub.pem --identity serial=C-1`,
  );
  const device = createDevice("C-1", "", { privateKey });
  await device.start();
  expect(await until("its first report", "factory", isReported)).toMatchObject({
    state: "accepted",
  });
});

test("mender-client: an update that fails before its commit is rolled back, and its log arrives", async () => {
  const device = createDevice("D-1", await createProduct("fails"));
  const script = join(folder, "ArtifactCommit_Enter_00_refuses");
  writeFileSync(script, "#!/bin/sh\necho 'the health check says no' >&2\nexit 1\n", {
    mode: 0o755,
  });
  await release("fails", "2.0", device, "good\n");
  await release("fails", "3.0", device, "bad\n", ["--script", script]);
  await device.start();
  await until("its first report", "fails", isReported);
  expect(await deploy("fails", "2.0", WATCHED)).toMatchObject({ exitCode: 0 });

  const bad = await deploy("fails", "3.0", [...WATCHED, "--error-stop", "1"]);
  expect(bad.exitCode).not.toBe(0);
  expect(JSON.stringify(await outcomes("fails", "3.0"))).toContain("rolled-back");
  expect(device.read("app.conf")).toBe("good\n");
  const logs = await waitFor(
    "the log",
    async () => {
      const text = await moult.ok(words`deployment logs fails-3.0`);
      return text.includes("ArtifactCommit_Enter_00_refuses") ? text : undefined;
    },
    LONG_MS,
    1_000,
  );
  expect(logs).toContain("error");
  expect(await until("the old release", "fails", isReported)).toMatchObject({
    running: { artifactName: "2.0" },
  });
});

test("mender-client: a device gives up an update that was aborted before its installation", async () => {
  const device = createDevice("E-1", await createProduct("aborts"), {
    rootfsScripts: {
      Download_Leave_00_waits: `while [ ! -e ${join(folder, "E-1", "go")} ]; do sleep 0.2; done`,
    },
  });
  await release("aborts", "2.0", device, "never\n");
  await device.start();
  await until("its first report", "aborts", isReported);
  await deploy("aborts", "2.0");
  await until("a download", "aborts", ({ update }) => update?.state === "downloading");

  await moult.ok(words`deployment abort aborts-2.0 --yes`);
  writeFileSync(join(folder, "E-1", "go"), "");
  await waitFor("its end", () => /409|aborted/i.exec(device.log()) ?? undefined, LONG_MS);
  await until("a device that is in no update", "aborts", ({ update }) => update === null);
  expect(device.read("app.conf")).toBeUndefined();
  expect(JSON.stringify(await outcomes("aborts", "2.0"))).toContain("aborted");
});

test("mender-client: a device keeps what it downloaded until a person has opened the installation", async () => {
  const device = createDevice("H-1", await createProduct("keeps"));
  await release("keeps", "2.0", device, "opened\n");
  await device.start();
  await until("its first report", "keeps", isReported);
  await deploy("keeps", "2.0", words`--mode download-only`);
  await waitFor(
    "a device that pauses",
    () => /Pausing before entering update-install state/.exec(device.log()) ?? undefined,
    LONG_MS,
  );
  const { id } = await until("its update", "keeps", ({ update }) => update !== null);
  expect(await moult.ok(words`device why ${id}`)).toContain("has not let it be installed yet");
  expect(device.read("app.conf")).toBeUndefined();

  await moult.ok(words`deployment open-installation keeps-2.0 --yes`);
  const watched = await moult.run([...words`deployment watch keeps-2.0`, ...TIMEOUT]);
  expect(watched, device.log().slice(-3_000)).toMatchObject({ exitCode: 0 });
  expect(device.read("app.conf")).toBe("opened\n");
});

test("mender-client: a device whose key was replaced waits with the new one until that is accepted", async () => {
  const token = await createProduct("rekeyed");
  const device = createDevice("I-1", token);
  await device.start();
  const { id } = await until("its first report", "rekeyed", isReported);
  await device.stop();

  device.forgetKey();
  const before = device.log().length;
  await device.start();
  await waitFor(
    "a refusal",
    () => /An operator has to accept/.exec(device.log().slice(before)) ?? undefined,
    LONG_MS,
  );
  await moult.ok(words`device accept ${id} --yes`);
  const accepted = device.log().length;
  device.checkUpdate();
  await waitFor(
    "its next question",
    () => /No update available/.exec(device.log().slice(accepted)) ?? undefined,
    LONG_MS,
  );
});

test("mender-client: a device that verifies signatures takes what is signed and refuses what is not", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "sec1", format: "pem" },
  });
  writeFileSync(join(folder, "release.pem"), privateKey, { mode: 0o600 });
  const token = await createProduct("signs");
  const device = createDevice("F-1", token, { artifactVerifyKey: publicKey });
  await release("signs", "2.0", device, "signed\n", ["--sign-key", join(folder, "release.pem")]);
  await release("signs", "3.0", device, "unsigned\n");
  await device.start();
  await until("its first report", "signs", isReported);
  const signed = await deploy("signs", "2.0", WATCHED);
  expect(signed, device.log().slice(-3_000)).toMatchObject({ exitCode: 0 });
  const unsigned = await deploy("signs", "3.0", [...WATCHED, "--error-stop", "1"]);
  expect(unsigned.exitCode).not.toBe(0);
  expect(JSON.stringify(await outcomes("signs", "3.0"))).toContain("failed");
  expect(device.read("app.conf")).toBe("signed\n");
});

test("mender-client: a download goes on after the server was killed in the middle of it", async () => {
  const proxy = await startCuttingProxy(server.port);
  const device = createDevice("G-1", await createProduct("killed"), {
    serverUrl: `https://localhost:${proxy.port}`,
  });
  const content = randomBytes(30_000_000);
  await release("killed", "2.0", device, content, ["--compression", "none"]);
  await device.start();
  await until("its first report", "killed", isReported);
  proxy.cutAfter("to-client", 10_000_000);
  await deploy("killed", "2.0");
  await waitFor("a cut", () => (proxy.cuts() > 0 ? true : undefined), LONG_MS, 20);
  await server.kill();
  server = await startLocalServer({ dataFolder: join(folder, "server"), port: server.port });

  const watched = await moult.run(words`deployment watch killed-2.0 --timeout 4m`);
  expect(watched, device.log().slice(-3_000)).toMatchObject({ exitCode: 0 });
  expect(device.log()).toMatch(/[Rr]esum/);
  expect(device.readBytes("app.conf")?.equals(content)).toBe(true);
  await device.stop();
  await proxy.close();
}, 400_000);
