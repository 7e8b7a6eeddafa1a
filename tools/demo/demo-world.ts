import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "@moult/client";
import { clientOf, signUp } from "../local/administrator.ts";
import { createLocalDevice, type LocalDevice } from "../local/local-agent.ts";
import { freePort, waitFor, type LocalProcess } from "../local/local-process.ts";
import { startLocalServer, type LocalServer } from "../local/local-server.ts";
import { createMoultCommand, words, type MoultCommand } from "../local/moult-command.ts";
import { DEMO_VERSIONS, buildPayloads } from "./build-payloads.ts";

export const DEMO_PRODUCT = "demo";
const HARDWARE_TYPE = "demo-board";
/** The device fills in its own port, from the application's environment. */
const HEALTH_URL = "http://127.0.0.1:${DEMO_PORT}/health";

export interface DemoWorld {
  readonly folder: string;
  readonly server: LocalServer;
  readonly moult: MoultCommand;
  readonly client: Client;
  readonly provisioningFile: string;
  readonly devices: readonly DemoDevice[];
  /** The device's agent of the same index; whoever restarts one puts the new process here. */
  readonly agents: LocalProcess[];
  stop(): Promise<void>;
}

interface DemoDevice {
  readonly device: LocalDevice;
  readonly applicationPort: number;
}

/** Starts a server, signs in, makes keys and releases, and sets up devices that run 1.0 since they left the factory. */
export async function startDemoWorld(
  folder: string,
  deviceCount: number,
  say: (line: string) => void,
): Promise<DemoWorld> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const server = await startLocalServer({
    dataFolder: join(folder, "server"),
    settings: { MOULT_DEVICES_CHECK_IN_SECONDS: "2" },
  });
  const agents: LocalProcess[] = [];
  const stop = async () => {
    await Promise.all(agents.map((agent) => agent.stop()));
    await server.stop();
  };
  try {
    const moult = createMoultCommand({
      home: join(folder, "home"),
      cwd: folder,
      // A person is asked for it; keys that are worth something have one that nobody can read here.
      environment: { MOULT_TRUST_PASSPHRASE: "a demonstration" },
      onCommand: (line) => say(`$ ${line}`),
    });
    await signUp(server, moult);
    const client = await clientOf(server, moult);
    await makeReleases(folder, moult);
    const provisioningFile = await provision(folder, moult);
    const devices = await setUpDevices(folder, provisioningFile, deviceCount);
    agents.push(...(await Promise.all(devices.map(({ device }) => device.start()))));
    await allEnrolled(client, deviceCount);
    return { folder, server, moult, client, provisioningFile, devices, agents, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function makeReleases(folder: string, moult: MoultCommand): Promise<void> {
  await buildPayloads(join(folder, "app"));
  await moult.ok(words`artifact keygen --out release-key`);
  await moult.ok(
    words`product create ${DEMO_PRODUCT} --artifact-key release-key.pub.pem --require-signature`,
  );
  await moult.ok(words`trust init --development --product ${DEMO_PRODUCT} --yes`);
  for (const version of DEMO_VERSIONS) {
    const file = `app-${version}.mender`;
    await moult.ok(
      words`artifact create --type app --app-name demo-app --dir ${join("app", version)}
        --command node --command app-server.mjs --health-url ${HEALTH_URL}
        --name ${version} --hardware-type ${HARDWARE_TYPE} --out ${file}`,
    );
    await moult.ok(words`artifact sign ${file} --key release-key.pem`);
    await moult.ok(words`release upload --product ${DEMO_PRODUCT} ${file} --sign --yes`);
  }
}

async function provision(folder: string, moult: MoultCommand): Promise<string> {
  const secret = await moult.ok(
    words`enrolment-token create --product ${DEMO_PRODUCT} --accepts --uses 100000`,
  );
  await moult.ok(
    words`device provision --product ${DEMO_PRODUCT} --hardware-type ${HARDWARE_TYPE}
      --enrolment-token - --artifact-key release-key.pub.pem --out provisioning.json`,
    secret,
  );
  return join(folder, "provisioning.json");
}

/** Each device is a folder; it gets its provisioning and release 1.0 before it ever meets the server. */
function setUpDevices(
  folder: string,
  provisioningFile: string,
  count: number,
): Promise<readonly DemoDevice[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const serial = `device-${index + 1}`;
      const applicationPort = await freePort();
      const device = await createLocalDevice({
        root: join(folder, "devices", serial),
        serial,
        environment: { DEMO_PORT: String(applicationPort), DEMO_DEVICE: serial },
      });
      await device.runAside("provision", provisioningFile);
      // In the factory, before the device has met any server whose metadata could vouch for it.
      await device.runAside("install", join(folder, "app-1.0.mender"), "--yes", "--allow-unsigned");
      return { device, applicationPort };
    }),
  );
}

async function allEnrolled(client: Client, count: number): Promise<void> {
  await waitFor(
    `${count} devices to report what they run`,
    async () => {
      const { items } = await client.call("listDevices", {
        query: { product: DEMO_PRODUCT as never, state: "accepted", limit: 200 },
      });
      return items.filter(({ running }) => running !== null).length >= count || undefined;
    },
    60_000,
  );
}
