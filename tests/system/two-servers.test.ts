import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { present, seededRandom } from "@moult/base";
import type { Client } from "@moult/client";
import { createClient } from "@moult/client";
import { Provisioning } from "@moult/device-protocol";
import type { Deployment, DeploymentId, FleetEvent, Plan, ReleaseId } from "@moult/model";
import { Client as PostgresClient } from "pg";
import * as z from "zod";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createFleetLink, type FleetLink } from "../../tools/fleet/fleet-link.ts";
import { SimulatedDevice } from "../../tools/fleet/simulated-device.ts";
import { setUpAdministrator } from "../../tools/local/administrator.ts";
import { freePort, waitFor } from "../../tools/local/local-process.ts";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";
import { createMoultCommand, words, type MoultCommand } from "../../tools/local/moult-command.ts";

// Two server processes on one PostgreSQL and one data folder, with devices that speak to either, and that are killed.

const DEVICES = 16;
const CONCURRENT_MAX = 4;
const random = seededRandom(28_112_026);
let folder: string;
let databaseUrl: string;
let moult: MoultCommand;
const ports: number[] = [];
const servers: LocalServer[] = [];
const clients: Client[] = [];
const links: FleetLink[] = [];
const stopping = new AbortController();
const lives: Promise<void>[] = [];

const startServer = (index: number): Promise<LocalServer> =>
  startLocalServer({
    dataFolder: join(folder, "data"),
    port: present(ports[index], "a port"),
    settings: {
      MOULT_TLS_MODE: "off",
      MOULT_DATABASE_URL: databaseUrl,
      MOULT_DATABASE_CONNECTIONS_MAX: "6",
    },
  });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-two-servers-"));
  databaseUrl = await createDatabase();
  ports.push(await freePort(), await freePort());
  servers.push(await startServer(0));
  servers.push(await startServer(1));
  moult = createMoultCommand({ home: folder, cwd: folder });
  const { trust } = await setUpAdministrator(present(servers[0], "a server"), moult);
  const { secret: apiKey } = z
    .object({ secret: z.string() })
    .parse(await moult.json(words`api-key create both --role admin`));
  for (const { url } of servers)
    clients.push(createClient({ baseUrl: url, credentials: { kind: "api-key", apiKey } }));
  await moult.ok(words`product create gw2`);
  for (const version of ["2.0", "bad"]) {
    writeFileSync(join(folder, "content"), version);
    const file = `${version}.mender`;
    await moult.ok(
      words`artifact create content --type single-file --dest-dir /srv --name ${version}
        --hardware-type board --out ${file}`,
    );
    await moult.ok(words`release upload --product gw2 ${file}`);
  }
  await trust.publish();
  await startFleet();
}, 120_000);

afterAll(async () => {
  stopping.abort();
  await Promise.all(lives);
  for (const link of links) link.close();
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
});

/** Empty, on this worker's PostgreSQL, which is thrown away in the end. */
async function createDatabase(): Promise<string> {
  const urls = inject("postgresUrls");
  const worker = Number(process.env["VITEST_POOL_ID"] ?? "1");
  const url = present(urls[(worker - 1) % urls.length], "each worker has a PostgreSQL");
  const client = new PostgresClient({ connectionString: url.replace("{database}", "postgres") });
  await client.connect();
  await client.query("create database two_servers");
  await client.end();
  return url.replace("{database}", "two_servers");
}

async function startFleet(): Promise<void> {
  const token = await moult.ok(words`enrolment-token create --product gw2 --accepts --uses 100`);
  await moult.ok(
    words`device provision --product gw2 --hardware-type board --enrolment-token -
      --out provisioning.json`,
    token,
  );
  const provisioning = Provisioning.parse(
    JSON.parse(readFileSync(join(folder, "provisioning.json"), "utf8")),
  );
  for (const { url } of servers)
    links.push(
      createFleetLink({ ...provisioning, server: { ...provisioning.server, url } }, DEVICES),
    );
  const link = eitherLink();
  const wait = (ms: number) => sleep(ms);
  for (let index = 0; index < DEVICES; index += 1) {
    // Half of the devices fail with it, so that there is something to stop for and something to take back.
    const failVersion = index % 2 === 0 ? "bad" : undefined;
    const behaviour = { failPercent: 0, failVersion, downloads: false, stepMs: 30 };
    const deps = { link, provisioning, behaviour, random, wait };
    const device = new SimulatedDevice(deps, "two", index, "1.0");
    await device.enrol();
    lives.push(live(device));
  }
}

/** Any of the servers, and the other one when that does not answer: as devices behind a proxy meet them. */
function eitherLink(): FleetLink {
  const post: FleetLink["post"] = async (path, content, headers) => {
    for (;;) {
      const link = present(links[random.fraction() < 0.5 ? 0 : 1], "a link");
      try {
        const reply = await link.post(path, content, headers);
        if (reply.status < 500) return reply;
      } catch (error) {
        if (stopping.signal.aborted) throw error;
      }
      await sleep(20);
    }
  };
  return {
    post,
    download: () => Promise.reject(new Error("nothing is downloaded here")),
    close: () => undefined,
  };
}

async function live(device: SimulatedDevice): Promise<void> {
  while (!stopping.signal.aborted)
    try {
      const instruction = await device.checkIn();
      if (instruction?.action.kind === "install") await device.update(instruction.action);
      else await sleep(50 + random.fraction() * 100);
    } catch (error) {
      if (stopping.signal.aborted) return;
      throw error;
    }
}

/** One of the servers that answers, whichever is up. */
async function ask<T>(question: (client: Client) => Promise<T>): Promise<T> {
  const first = random.fraction() < 0.5 ? 0 : 1;
  try {
    return await question(present(clients[first], "a client"));
  } catch {
    return question(present(clients[1 - first], "a client"));
  }
}

async function deploy(version: string, plan: z.input<typeof Plan>): Promise<DeploymentId> {
  const { items } = await ask((client) =>
    client.call("listReleases", { query: { product: "gw2" as never, version } }),
  );
  const releaseId: ReleaseId = present(items[0], `release ${version}`).id;
  const { id } = await ask((client) =>
    client.call("createDeployment", { body: { releaseId, target: { kind: "all" }, plan } }),
  );
  return id;
}

const until = (
  deploymentId: DeploymentId,
  state: Deployment["state"],
  timeoutMs = 120_000,
): Promise<Deployment> =>
  waitFor(
    `the deployment to be ${state}`,
    async () => {
      const params = { deploymentId };
      const deployment = await ask((client) => client.call("showDeployment", { params }));
      return deployment.state === state ? deployment : undefined;
    },
    timeoutMs,
    100,
  );

/** In the order in which they happened. */
async function eventsOf(deploymentId: DeploymentId): Promise<FleetEvent[]> {
  const events: FleetEvent[] = [];
  const query = { deploymentId, limit: 200 };
  for await (const event of present(clients[0], "a client").all("listEvents", { query }))
    events.push(event);
  return events.reverse();
}

/** The most devices that were in the update at once: offers and ends are in the order of the deployment's row. */
function openAtOnce(events: readonly FleetEvent[]): number {
  let open = 0;
  let most = 0;
  for (const { body } of events) {
    if (body.kind === "assignment-offered") open += 1;
    const isEnd =
      body.kind === "assignment-closed" ||
      (body.kind === "assignment-progressed" && body.state === "retry-pending");
    if (isEnd) open -= 1;
    most = Math.max(most, open);
  }
  return most;
}

const countOf = (events: readonly FleetEvent[], kind: FleetEvent["body"]["kind"]): number =>
  events.filter(({ body }) => body.kind === kind).length;

/** Both servers say that the history is whole, and that they would have decided it as it was decided. */
async function expectSoundChain(deploymentId: DeploymentId): Promise<void> {
  const call = { params: { deploymentId } };
  for (const client of clients) {
    expect(await client.call("verifyDeploymentChain", call)).toMatchObject({ firstBreak: null });
    expect((await client.call("replayDeployment", call)).others).toEqual([]);
  }
}

test("two servers that are killed again and again bring a release to everybody, each stage once and never more at a time", async () => {
  const deploymentId = await deploy("2.0", {
    stages: [
      { size: { percent: 25 } },
      { size: { percent: 50 }, advance: { successPercent: 100, afterSeconds: 1 } },
      { size: { remaining: true } },
    ],
    limits: { concurrentMax: CONCURRENT_MAX },
  });

  for (let round = 0; round < 6; round += 1) {
    await sleep(100 + random.fraction() * 400);
    const index = round % 2;
    await present(servers[index], "a server").kill();
    await sleep(random.fraction() * 300);
    servers[index] = await startServer(index);
  }
  const deployment = await until(deploymentId, "finished");

  expect(deployment.tally).toMatchObject({ admitted: DEVICES, succeeded: DEVICES, open: 0 });
  const events = await eventsOf(deploymentId);
  expect(countOf(events, "stage-advanced")).toBe(2);
  expect(countOf(events, "assignment-offered")).toBe(DEVICES);
  expect(countOf(events, "assignment-closed")).toBe(DEVICES);
  expect(countOf(events, "deployment-state-changed")).toBe(1);
  expect(openAtOnce(events)).toBeLessThanOrEqual(CONCURRENT_MAX);
  await expectSoundChain(deploymentId);
});

test("a bad release stops itself once on two servers, and one deployment takes back what it brought", async () => {
  const deploymentId = await deploy("bad", {
    stages: [{ size: { remaining: true }, errorStop: { count: 3 } }],
    limits: { concurrentMax: CONCURRENT_MAX },
    retry: { attemptsMax: 1 },
    onTrip: "roll-back",
  });

  const killed = sleep(150).then(() => present(servers[0], "a server").kill());
  const deployment = await until(deploymentId, "tripped");
  await killed;
  servers[0] = await startServer(0);
  const back = await waitFor(
    "everybody to run what they ran before",
    async () => {
      const query = { product: "gw2" as never, limit: 100 };
      const { items } = await ask((client) => client.call("listDevices", { query }));
      if (items.some(({ running }) => running?.artifactName !== "2.0")) return undefined;
      const { items: all } = await ask((client) => client.call("listDeployments", { query }));
      const later = all.filter(({ createdAt }) => createdAt > deployment.createdAt);
      return later.every(({ state }) => state === "finished") ? later : undefined;
    },
    60_000,
  );

  expect(deployment.trip).toMatchObject({ kind: "failure-count", limit: 3 });
  const events = await eventsOf(deploymentId);
  expect(countOf(events, "deployment-tripped")).toBe(1);
  const tripped = events.findIndex(({ body }) => body.kind === "deployment-tripped");
  expect(countOf(events.slice(tripped), "assignment-offered")).toBe(0);
  expect(openAtOnce(events)).toBeLessThanOrEqual(CONCURRENT_MAX);
  await expectSoundChain(deploymentId);
  expect(back).toHaveLength(1);
  const [{ id: backId } = { id: deploymentId }] = back;
  expect(countOf(await eventsOf(backId), "deployment-created")).toBe(1);
  await expectSoundChain(backId);
});

test("stages that open by time alone open once, although both servers look at the same moment", async () => {
  // Everybody runs it by now, so nothing but time is left to open the next stage.
  const byTime = [1, 2, 3].map((count) => ({ size: { count }, advance: { afterSeconds: 1 } }));
  const deploymentId = await deploy("2.0", {
    stages: [...byTime, { size: { remaining: true } }],
  });

  await until(deploymentId, "finished");

  const opened = (await eventsOf(deploymentId)).flatMap(({ body }) =>
    body.kind === "stage-advanced" ? [body.stage] : [],
  );
  expect(opened).toEqual([1, 2, 3]);
  await expectSoundChain(deploymentId);
});
