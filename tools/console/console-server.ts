import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Client } from "@moult/client";
import { setUpAdministrator } from "../local/administrator.ts";
import type { LocalTrust } from "../local/local-trust.ts";
import { startLocalProcess, type LocalProcess } from "../local/local-process.ts";
import { startLocalServer, type LocalServer } from "../local/local-server.ts";
import { createMoultCommand, words, type MoultCommand } from "../local/moult-command.ts";

const FLEET_TOOL = fileURLToPath(new URL("../fleet.ts", import.meta.url));

/** A server with an administrator, as people run it: TLS from its own authority, the console's real policy in force. */
export interface ConsoleServer {
  readonly folder: string;
  server: LocalServer;
  readonly moult: MoultCommand;
  readonly client: Client;
  readonly trust: LocalTrust;
  /** Ends the server and starts it again on the same address, with the same data. */
  readonly restart: () => Promise<void>;
  /** The file that a device of this kind starts with; `isPending`: it must be accepted first. */
  readonly provision: (kind: DeviceKind) => Promise<string>;
  /** A fleet of simulated devices; it ends with the server, or by itself with `--once`. */
  readonly startFleet: (options: FleetOptions) => Promise<LocalProcess>;
  readonly stop: () => Promise<void>;
}

interface DeviceKind {
  readonly product: string;
  readonly hardwareType: string;
  /** The devices ask to join, and wait. */
  readonly isPending?: boolean;
}

interface FleetOptions extends DeviceKind {
  readonly count: number;
  /** Of tools/fleet.ts. */
  readonly args?: readonly string[];
}

export interface ConsoleServerOptions {
  readonly folder: string;
  readonly settings?: Readonly<Record<string, string>>;
}

export async function startConsoleServer(options: ConsoleServerOptions): Promise<ConsoleServer> {
  const { folder, settings = {} } = options;
  await mkdir(folder, { recursive: true });
  const fleets: LocalProcess[] = [];
  const moult = createMoultCommand({ home: join(folder, "home"), cwd: folder });
  const start = (port?: number): Promise<LocalServer> =>
    startLocalServer({
      dataFolder: join(folder, "server"),
      settings,
      ...(port === undefined ? {} : { port }),
    });
  const server = await start();
  try {
    const { client, trust } = await setUpAdministrator(server, moult);
    const console: ConsoleServer = {
      folder,
      server,
      moult,
      client,
      trust,
      restart: async () => {
        await console.server.stop();
        console.server = await start(server.port);
      },
      provision: (kind) => provision(folder, moult, kind),
      startFleet: async (options) => {
        const fleet = await startFleet(folder, await provision(folder, moult, options), options);
        fleets.push(fleet);
        return fleet;
      },
      stop: async () => {
        await Promise.all(fleets.map((fleet) => fleet.stop()));
        await console.server.stop();
      },
    };
    return console;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function provision(
  folder: string,
  moult: MoultCommand,
  { product, hardwareType, isPending = false }: DeviceKind,
): Promise<string> {
  const file = join(folder, `${product}-${hardwareType}.json`);
  const secret = await moult.ok([
    ...words`enrolment-token create --product ${product} --uses 100000 --label fleet`,
    ...(isPending ? [] : ["--accepts"]),
  ]);
  await moult.ok(
    words`device provision --product ${product} --hardware-type ${hardwareType} --out ${file}
      --enrolment-token - --force`,
    secret,
  );
  return file;
}

function startFleet(
  folder: string,
  provisioningFile: string,
  { product, count, args = [] }: FleetOptions,
): Promise<LocalProcess> {
  return startLocalProcess(
    process.execPath,
    [
      FLEET_TOOL,
      ...words`--provisioning ${provisioningFile} --count ${String(count)} --seed ${product} --json`,
      ...args,
    ],
    { logFile: join(folder, `${product}-fleet.log`) },
  );
}
