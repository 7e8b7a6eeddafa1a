import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { payloadFileFromPath, writeArtifact } from "@moult/artifact";
import { createClient, createCookieJar, type Client } from "@moult/client";
import type { AssignmentState, DeploymentId, DeviceId, Outcome, ProductName } from "@moult/model";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";

const run = promisify(execFile);

/** A program of the system. A machine without it fails these tests and does not skip them. */
export async function tool(file: string, args: readonly string[], cwd?: string): Promise<string> {
  const { stdout } = await run(file, [...args], cwd === undefined ? {} : { cwd });
  return stdout;
}

const PRODUCT = "gw2" as ProductName;
const HARDWARE = "gw2-board" as never;

/** How it stands with the only device of a deployment. */
interface Standing {
  readonly state: AssignmentState;
  readonly outcome: Outcome | null;
}

/** A real server with a product, and what people do there. */
export interface DdiServer {
  readonly folder: string;
  readonly client: Client;
  url(): string;
  port(): number;
  /** Adds a device whose client speaks hawkBit's protocol; answers its id and its token. */
  register(controllerId: string): Promise<{ deviceId: DeviceId; token: string }>;
  /** Makes a release of a file and brings it to all devices. */
  deploy(version: string, type: string, file: string): Promise<DeploymentId>;
  standing(deploymentId: DeploymentId): Promise<Standing | undefined>;
  /** Kills the server and starts it again on the same port. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

/** Clients ask about every second. */
const SETTINGS = { MOULT_TLS_MODE: "off", MOULT_DEVICES_CHECK_IN_SECONDS: "1" };

export async function startDdiServer(
  settings: Readonly<Record<string, string>> = {},
): Promise<DdiServer> {
  const folder = await mkdtemp(join(tmpdir(), "moult-ddi-"));
  const start = (port?: number): Promise<LocalServer> =>
    startLocalServer({
      dataFolder: join(folder, "data"),
      settings: { ...SETTINGS, ...settings },
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
  await client.call("createProduct", { body: { name: PRODUCT, title: "Gateway" } });
  return {
    folder,
    client,
    url: () => server.url,
    port: () => server.port,
    register: async (controllerId) => {
      const added = await client.call("registerController", {
        body: { controllerId, product: PRODUCT, hardwareType: HARDWARE },
      });
      return { deviceId: added.deviceId, token: added.token ?? "" };
    },
    deploy: async (version, type, file) => {
      const description = {
        artifactName: version,
        deviceTypes: [HARDWARE],
        payloads: [{ type, files: [await payloadFileFromPath(file)] }],
      };
      const parts: Uint8Array[] = [];
      for await (const part of writeArtifact(description, { compression: "none" }))
        parts.push(part);
      const bytes = Buffer.concat(parts);
      const { release } = await client.upload(
        "uploadArtifact",
        { params: { product: PRODUCT } },
        { bytes: once(bytes), sizeBytes: bytes.length },
      );
      const deployment = await client.call("createDeployment", {
        body: {
          releaseId: release.id,
          target: { kind: "all" },
          plan: { stages: [{ size: { remaining: true } }] },
        },
      });
      return deployment.id;
    },
    standing: async (deploymentId) => {
      const { items } = await client.call("listAssignments", { params: { deploymentId } });
      const [item] = items;
      return item && { state: item.state, outcome: item.outcome };
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

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
