import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signUp } from "../../tools/local/administrator.ts";
import { waitFor } from "../../tools/local/local-process.ts";
import { startLocalServer } from "../../tools/local/local-server.ts";
import { createMoultCommand, words } from "../../tools/local/moult-command.ts";
import type { MenderDevice, MenderDeviceOptions } from "./mender-client.fixture.ts";

export const LONG_MS = 60_000;
export const TIMEOUT = words`--timeout 90s`;
export const WATCHED: readonly string[] = ["--watch", ...TIMEOUT];

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly hardwareType: string;
  readonly running: { readonly artifactName: string } | null;
  readonly trustLevel: { readonly level: string };
  readonly update: { readonly state: string } | null;
}

export const isReported = ({ running }: Shown): boolean => running !== null;

export type MenderFleet = Awaited<ReturnType<typeof startMenderFleet>>;

/** A server as it runs, operated by the commands of docs/guide/mender-clients.md, and devices with a client of Mender's. */
export async function startMenderFleet(create: (options: MenderDeviceOptions) => MenderDevice) {
  const folder = mkdtempSync(join(tmpdir(), "moult-mender-"));
  let server = await startLocalServer({ dataFolder: join(folder, "server") });
  const moult = createMoultCommand({ home: join(folder, "home"), cwd: folder });
  await signUp(server, moult);
  const devices: MenderDevice[] = [];

  return {
    folder,
    moult,
    port: server.port,
    close: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
    stopDevices: async () => {
      for (const device of devices.splice(0)) await device.stop();
    },
    killServer: async () => {
      await server.kill();
      server = await startLocalServer({ dataFolder: join(folder, "server"), port: server.port });
    },
    /** A product of its own for each test, and a token that lets its devices in. */
    createProduct: async (product: string, { accepts = true } = {}): Promise<string> => {
      await moult.ok(words`product create ${product}`);
      const created = await moult.ok([
        ...words`enrolment-token create --product ${product}`,
        ...(accepts ? ["--accepts"] : []),
      ]);
      return created.trim();
    },
    createDevice: (
      serial: string,
      tenantToken: string,
      options: Partial<MenderDeviceOptions> = {},
    ): MenderDevice => {
      const device = create({
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
    },
    until: (what: string, product: string, holds: (device: Shown) => boolean): Promise<Shown> =>
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
      ),
    /** A file for the device, uploaded as a release of the product. */
    release: async (
      product: string,
      version: string,
      device: MenderDevice,
      content: string | Buffer,
      extra: readonly string[] = [],
    ): Promise<void> => {
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
    },
    deploy: (product: string, version: string, extra: readonly string[] = []) =>
      moult.run([
        ...words`deployment create ${`${product}/${version}`} --all --name ${`${product}-${version}`}`,
        ...extra,
      ]),
    outcomes: async (product: string, version: string): Promise<string> =>
      JSON.stringify(await moult.json(words`deployment devices ${`${product}-${version}`}`)),
  };
}
