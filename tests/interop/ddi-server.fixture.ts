import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { payloadFileFromPath, writeArtifact } from "@moult/artifact";
import { createClient, createCookieJar, type Client } from "@moult/client";
import type {
  AssignmentState,
  DeploymentId,
  DeviceId,
  Outcome,
  Plan,
  ProductName,
} from "@moult/model";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";

const run = promisify(execFile);

/** A program of the system. A machine without it fails these tests and does not skip them. */
export async function tool(
  file: string,
  args: readonly string[],
  { cwd, environment = {} }: ToolPlace = {},
): Promise<string> {
  const env = { ...process.env, ...environment };
  const { stdout } = await run(file, [...args], cwd === undefined ? { env } : { env, cwd });
  return stdout;
}

interface ToolPlace {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const HARDWARE = "gw2-board" as never;

/** How it stands with the only device of a deployment. */
interface Standing {
  readonly state: AssignmentState;
  readonly outcome: Outcome | null;
}

/** A real server, and what people do there. */
export interface DdiServer {
  readonly client: Client;
  url(): string;
  port(): number;
  /** A product of its own, with no device yet. */
  createFleet(): Promise<DdiFleet>;
  /** Kills the server and starts it again on the same port. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

export interface DdiFleet {
  /** For what belongs to its devices. */
  readonly folder: string;
  /** What the client of its device calls itself. */
  readonly controllerId: string;
  /** Adds a device whose client speaks hawkBit's protocol; answers its id and its token. */
  register(): Promise<{ deviceId: DeviceId; token: string }>;
  /** Makes a release of a file and brings it to all devices. */
  deploy(version: string, type: string, file: string, plan?: Partial<Plan>): Promise<DeploymentId>;
  standing(deploymentId: DeploymentId): Promise<Standing | undefined>;
  /** The log of its only device's first try. */
  tryLog(deploymentId: DeploymentId): Promise<string>;
}

/** Clients ask about every second. */
const SETTINGS = { MOULT_TLS_MODE: "off", MOULT_DEVICES_CHECK_IN_SECONDS: "1" };

export async function startDdiServer(): Promise<DdiServer> {
  const folder = await mkdtemp(join(tmpdir(), "moult-ddi-"));
  const start = (port?: number): Promise<LocalServer> =>
    startLocalServer({
      dataFolder: join(folder, "data"),
      settings: SETTINGS,
      ...(port === undefined ? {} : { port }),
    });
  let server = await start();
  const jar = createCookieJar();
  const client = createClient({ baseUrl: server.url, credentials: { kind: "cookies", jar } });
  await client.call("completeSetup", {
    body: {
      setupCode: await server.setupCode(),
      name: "Ada",
      email: "ada@example.org",
      password: "feathers, a few at a time",
    },
  });
  let fleets = 0;
  return {
    client,
    url: () => server.url,
    port: () => server.port,
    createFleet: () => {
      fleets += 1;
      return createFleet(client, folder, `gw${fleets}` as ProductName);
    },
    crash: async () => {
      const { port } = server;
      await server.kill();
      server = await start(port);
    },
    close: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function createFleet(
  client: Client,
  parent: string,
  product: ProductName,
): Promise<DdiFleet> {
  const folder = join(parent, product);
  const controllerId = `device-of-${product}`;
  await mkdir(folder);
  await client.call("createProduct", { body: { name: product, title: "Gateway" } });
  const only = async (deploymentId: DeploymentId) => {
    const { items } = await client.call("listAssignments", { params: { deploymentId } });
    return items[0];
  };
  return {
    folder,
    controllerId,
    register: async () => {
      const added = await client.call("registerController", {
        body: { controllerId, product, hardwareType: HARDWARE },
      });
      return { deviceId: added.deviceId, token: added.token ?? "" };
    },
    deploy: async (version, type, file, plan = {}) => {
      const bytes = await artifactOf(version, type, file);
      const { release } = await client.upload(
        "uploadArtifact",
        { params: { product } },
        { bytes: once(bytes), sizeBytes: bytes.length },
      );
      const deployment = await client.call("createDeployment", {
        body: {
          releaseId: release.id,
          target: { kind: "all" },
          plan: { stages: [{ size: { remaining: true } }], ...plan },
        },
      });
      return deployment.id;
    },
    standing: async (deploymentId) => {
      const item = await only(deploymentId);
      return item && { state: item.state, outcome: item.outcome };
    },
    tryLog: async (deploymentId) => {
      const item = await only(deploymentId);
      if (item === undefined) return "";
      const params = { assignmentId: item.id, attempt: 1 };
      const { content } = await client.download("showAttemptLog", { params });
      return (await bytesOf(content)).toString("utf8");
    },
  };
}

async function artifactOf(version: string, type: string, file: string): Promise<Uint8Array> {
  const description = {
    artifactName: version,
    deviceTypes: [HARDWARE],
    payloads: [{ type, files: [await payloadFileFromPath(file)] }],
  };
  return bytesOf(writeArtifact(description, { compression: "none" }));
}

async function bytesOf(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
