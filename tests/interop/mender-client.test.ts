import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { signUp } from "../../tools/local/administrator.ts";
import { waitFor } from "../../tools/local/local-process.ts";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";
import { createMoultCommand, words, type MoultCommand } from "../../tools/local/moult-command.ts";
import {
  createMenderDevice,
  type MenderDevice,
  type MenderDeviceOptions,
} from "./mender-client.fixture.ts";

// Debian's mender-client as it is packaged, against the server as it runs, by the commands of docs/guide/mender-clients.md.

let folder = "";
let server: LocalServer;
let moult: MoultCommand;
let token = "";
const devices: MenderDevice[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-mender-client-"));
  server = await startLocalServer({ dataFolder: join(folder, "server") });
  moult = createMoultCommand({ home: join(folder, "home"), cwd: folder });
  await signUp(server, moult);
  await moult.ok(words`product create gw2`);
  token = (await moult.ok(words`enrolment-token create --product gw2 --accepts`)).trim();
});

afterEach(async () => {
  for (const device of devices.splice(0)) await device.stop();
});

afterAll(async () => {
  await server?.stop();
  if (process.env["KEEP"] === undefined) rmSync(folder, { recursive: true, force: true });
});

const LONG_MS = 15_000;

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly hardwareType: string;
  readonly running: { readonly artifactName: string } | null;
  readonly trustLevel: { readonly level: string };
  readonly update: { readonly state: string } | null;
}

function createDevice(serial: string, options: Partial<MenderDeviceOptions> = {}): MenderDevice {
  const device = createMenderDevice({
    root: join(folder, serial),
    serverUrl: server.url,
    certificateFile: server.certificateAuthorityFile,
    tenantToken: token,
    identity: { serial },
    deviceType: `kind-${serial}`,
    artifactName: "1.0",
    ...options,
  });
  devices.push(device);
  return device;
}

async function shown(serial: string): Promise<Shown | undefined> {
  const { items } = (await moult.json(words`device list --search ${serial}`)) as {
    readonly items: readonly Shown[];
  };
  return items[0];
}

const until = (what: string, serial: string, holds: (device: Shown) => boolean): Promise<Shown> =>
  waitFor(
    what,
    async () => {
      const device = await shown(serial);
      return device !== undefined && holds(device) ? device : undefined;
    },
    LONG_MS,
    1_000,
  );

/** A file for the devices of one serial number, uploaded. */
async function release(
  device: MenderDevice,
  serial: string,
  version: string,
  content: string,
  extra: readonly string[] = [],
): Promise<void> {
  mkdirSync(join(folder, version), { recursive: true });
  writeFileSync(join(folder, version, "app.conf"), content);
  await moult.ok([
    ...words`artifact create ${join(version, "app.conf")} --type single-file --dest-dir ${device.target}`,
    ...words`--name ${version} --hardware-type ${`kind-${serial}`} --out ${`${version}.mender`}`,
    ...extra,
  ]);
  await moult.ok(words`release upload --product gw2 ${`${version}.mender`}`);
}

const deploy = (version: string, extra: readonly string[] = []) =>
  moult.run([
    ...words`deployment create ${`gw2/${version}`} --all --watch --timeout 90s`,
    ...extra,
  ]);

test("mender-client: a device joins, is updated and runs the release that it reports", async () => {
  const device = createDevice("M-1");
  await release(device, "M-1", "m1-2.0", "mode=fast\n");
  await device.start();
  const joined = await until("the device's first report", "M-1", ({ running }) => running !== null);
  expect(joined).toMatchObject({
    state: "accepted",
    hardwareType: "kind-M-1",
    running: { artifactName: "1.0" },
    trustLevel: { level: "server-trusted" },
  });

  const deployed = await deploy("m1-2.0");
  expect(deployed, device.log().slice(-3_000)).toMatchObject({ exitCode: 0 });

  expect(device.read("app.conf")).toBe("mode=fast\n");
  const after = await until("the release", "M-1", ({ running }) => running?.artifactName === "m1-2.0");
  expect(after.update).toBeNull();
  await device.stop();
  expect(device.showProvides()).toContain("artifact_name=m1-2.0");
});
