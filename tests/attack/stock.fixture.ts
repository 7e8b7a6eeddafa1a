import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Provisioning } from "@moult/device-protocol";
import { createLocalDevice } from "../../tools/local/local-agent.ts";
import { waitFor } from "../../tools/local/local-process.ts";
import { DeviceServer, problem } from "../system/device-server.fixture.ts";
import {
  TEST_AUTHORITY,
  TEST_CERTIFICATE,
  TEST_CERTIFICATE_KEY,
} from "../system/test-certificates.fixture.ts";
import { SignedRepository } from "../system/signed-repository.fixture.ts";
import { HARDWARE, buildRelease, publish } from "./release.fixture.ts";
import { PRODUCT, Repository } from "./repository.fixture.ts";

/** What all scenes of a run begin with: a device that has enrolled and runs release 1.0, and its repository. */
export interface Stock {
  /** The root folder of the device, switched off. */
  readonly root: string;
  readonly repository: Repository;
  /** Who its server is and whom it knows. */
  readonly server: DeviceServer;
  /** For the roots of the scenes. */
  readonly folder: string;
}

/** The agent's settings in every scene: it waits as little as it may. */
export const CONFIG = { checkIn: { secondsMin: 1, secondsMax: 2 } };

export const WAIT_MS = 30_000;

/** A server of the repository's tenant, which hands out whatever files are served and signs with the instruction key. */
export async function serverOf(
  repository: Repository,
  identity?: Pick<DeviceServer, "tenantId" | "devices">,
): Promise<DeviceServer> {
  const signed = new SignedRepository();
  signed.instruction = repository.online.instruction;
  const server = new DeviceServer({
    repository: signed,
    ...(identity === undefined ? {} : { identity }),
  });
  server.checkInSeconds = 1;
  server.intercept = ({ path, response }) => {
    const name = /^\/device\/v1\/trust\/(.+)$/.exec(path)?.[1];
    if (name === undefined) return false;
    const bytes = repository.served.get(decodeURIComponent(name));
    if (bytes === undefined) problem(response, 404, "not-found");
    else response.writeHead(200, { "content-type": "application/json" }).end(bytes);
    return true;
  };
  return server.listen();
}

export type ServerAddress = Provisioning["server"];

export const SERVER_CERTIFICATE = { cert: TEST_CERTIFICATE, key: TEST_CERTIFICATE_KEY };

export const addressOf = (port: number, isEncrypted = false): ServerAddress =>
  isEncrypted
    ? { url: `https://127.0.0.1:${port}`, certificateAuthority: TEST_AUTHORITY }
    : { url: `http://127.0.0.1:${port}` };

export function provision(
  root: string,
  server: DeviceServer,
  repository: Repository,
  address: ServerAddress,
): void {
  const provisioning = {
    version: 1,
    server: address,
    tenantId: server.tenantId,
    product: PRODUCT,
    hardwareType: HARDWARE,
    pathPrefix: `${PRODUCT}/prod/`,
    root: repository.file("1.root.json").toString("utf8"),
    artifactKeys: [],
  };
  mkdirSync(join(root, "etc/moult"), { recursive: true });
  writeFileSync(join(root, "etc/moult/provisioning.json"), JSON.stringify(provisioning), {
    mode: 0o600,
  });
}

/** Enrols a device and lets it install release 1.0, honestly, with the agent in `bundle`. */
export async function makeStock(folder: string, bundle: string): Promise<Stock> {
  const root = join(folder, "stock");
  const repository = await new Repository().found();
  const server = await serverOf(repository);
  const release = await buildRelease({ version: "1.0" });
  await publish(repository, [release]);
  repository.served = repository.files;
  provision(root, server, repository, addressOf(server.port));
  const device = await createLocalDevice({ root, serial: "A-1", bundle, config: CONFIG });
  const agent = await device.start();
  try {
    server.offer(server.addBlob(release.bytes), release.version);
    await waitFor(
      "the device to run 1.0",
      () =>
        server.checkIns.at(-1)?.running?.artifactName === "1.0" &&
        server.reports.some(({ event }) => event.kind === "finished")
          ? true
          : undefined,
      WAIT_MS,
      25,
    ).catch((cause: unknown) => {
      throw new Error(`the stock device does not run 1.0:\n${agent.tail(30)}`, { cause });
    });
  } finally {
    await agent.stop();
    await server.close();
  }
  return { root, repository, server, folder };
}
