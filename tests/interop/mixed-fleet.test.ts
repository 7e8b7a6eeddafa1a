import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {
  AssignmentId,
  ControllerId,
  DeploymentId,
  DeviceId,
  HardwareType,
  ProductName,
  ReleaseId,
} from "@moult/model";
import { Plan } from "@moult/model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startConsoleServer, type ConsoleServer } from "../../tools/console/console-server.ts";
import { createLocalDevice, type LocalDevice } from "../../tools/local/local-agent.ts";
import { waitFor, type LocalProcess } from "../../tools/local/local-process.ts";
import { words } from "../../tools/local/moult-command.ts";
import { createMenderDevice, type MenderDevice } from "./mender-client.fixture.ts";
import { installedContent, makeImage, makeImageKey, startSwupdate } from "./swupdate.fixture.ts";

// Moult's own agent, Debian's mender-client and Debian's SWUpdate on the same hardware, by docs/guide/mixed-fleets.md.

const PRODUCT = "gw2" as ProductName;
const HARDWARE = "gw2-rev-b" as HardwareType;
const CONTROLLER = "swupdate-1" as ControllerId;
const LONG_MS = 90_000;
const IMAGE = Buffer.from("the image of 2.0");

let folder = "";
let world: ConsoleServer;
let agent: LocalDevice;
let agentProcess: LocalProcess | undefined;
let mender: MenderDevice;
let swupdate: LocalProcess | undefined;
let controllerToken = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-mixed-"));
  const settings = { MOULT_DEVICES_CHECK_IN_SECONDS: "1" };
  world = await startConsoleServer({ folder: join(folder, "world"), settings });
  await world.moult.ok(words`product create ${PRODUCT}`);
  await makeImageKey(folder);
  await startDevices();
});
afterAll(async () => {
  await Promise.all([agentProcess?.stop(), mender?.stop(), swupdate?.stop()]);
  await world?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const authority = (): string => world.server.certificateAuthorityFile;

/** Each joins in its own way, all of them accepted. */
async function startDevices(): Promise<void> {
  const { moult, client, provision, server } = world;
  const token = await moult.ok(words`enrolment-token create --product ${PRODUCT} --accepts`);
  mender = createMenderDevice({
    root: join(folder, "mender"),
    serverUrl: server.url,
    certificateFile: authority(),
    tenantToken: token.trim(),
    identity: { serial: "mender-1" },
    deviceType: HARDWARE,
    artifactName: "1.0",
  });
  agent = await createLocalDevice({ root: join(folder, "agent"), serial: "agent-1" });
  mkdirSync(join(agent.root, mender.target), { recursive: true });
  await agent.runAside("provision", await provision({ product: PRODUCT, hardwareType: HARDWARE }));
  const added = await client.call("registerController", {
    body: { controllerId: CONTROLLER, product: PRODUCT, hardwareType: HARDWARE },
  });
  controllerToken = added.token ?? "";
  agentProcess = await agent.start();
  await mender.start();
  await startController("1.0");
}

async function startController(runs: string): Promise<void> {
  await swupdate?.stop();
  swupdate = await startSwupdate({
    folder,
    url: world.server.url,
    controllerId: CONTROLLER,
    token: controllerToken,
    certificateFile: authority(),
    runs,
    ...(runs === "1.0" ? {} : { confirms: 2 }),
  });
}

/** One release: what the agent and mender-client read, and what SWUpdate takes, for the same hardware; `isBad`: all give it up. */
async function uploadRelease(version: string, isBad = false): Promise<ReleaseId> {
  const { moult, client, trust } = world;
  const images = isBad ? join(folder, "others") : folder;
  const script = join(folder, "ArtifactCommit_Enter_00_refuses");
  if (isBad) {
    // Signed by somebody whom the device does not know.
    mkdirSync(images);
    await makeImageKey(images);
    writeFileSync(script, "#!/bin/sh\necho 'the health check says no' >&2\nexit 1\n");
    chmodSync(script, 0o755);
  }
  const file = join(folder, "app.conf");
  writeFileSync(file, `version=${version}\n`);
  const artifact = join(folder, `app-${version}.mender`);
  await moult.ok([
    ...words`artifact create ${file} --type single-file --dest-dir ${mender.target} --name ${version}
      --hardware-type ${HARDWARE} --out ${artifact}`,
    ...(isBad ? ["--script", script] : []),
  ]);
  await moult.ok(words`release upload --product ${PRODUCT} ${artifact}`);
  await moult.ok(
    words`release upload --product ${PRODUCT} --name ${version} --hardware-type ${HARDWARE}
      ${await makeImage(images, version, IMAGE)}`,
  );
  await trust.publish();
  const { items } = await client.call("listReleases", { query: { product: PRODUCT } });
  const [release, second] = items.filter((each) => each.version === version);
  expect(second).toBeUndefined();
  expect(release?.artifacts).toHaveLength(2);
  return release?.id as ReleaseId;
}

/** By what their clients call themselves. */
async function devicesByClient(): Promise<ReadonlyMap<string, { id: DeviceId; runs: string }>> {
  const { items } = await world.client.call("listDevices", { query: { product: PRODUCT } });
  return new Map(
    items.flatMap(({ id, traits, running }) =>
      traits === null || running === null
        ? []
        : [[traits.client.split("/", 1).join(), { id, runs: running.artifactName }]],
    ),
  );
}

const untilStanding = (
  deploymentId: DeploymentId,
  what: string,
  deviceId: DeviceId,
  state: string,
): Promise<unknown> =>
  waitFor(
    what,
    async () => {
      const params = { deploymentId };
      const { items } = await world.client.call("listAssignments", { params });
      return items.find((each) => each.deviceId === deviceId && each.state === state);
    },
    LONG_MS,
    200,
  );

const CLIENTS = ["mender-client", "moult-agent", "swupdate"];

/** All three, once each has said what it runs. */
async function untilJoined(): ReturnType<typeof devicesByClient> {
  const joined = await waitFor(
    "three devices that say what they run",
    async () => {
      const known = await devicesByClient();
      return known.size === CLIENTS.length ? known : undefined;
    },
    LONG_MS,
    200,
  ).catch((cause: unknown) => {
    throw new Error(`${mender.log().slice(-2_000)}\n${swupdate?.tail(40)}`, { cause });
  });
  expect([...joined.keys()].toSorted()).toEqual(CLIENTS);
  return joined;
}

const untilEnded = (deploymentId: DeploymentId) =>
  waitFor(
    "the end of the deployment",
    async () => {
      const shown = await world.client.call("showDeployment", { params: { deploymentId } });
      return shown.state === "running" ? undefined : shown;
    },
    LONG_MS,
    200,
  );

test("mixed-fleet: one staged deployment of one release brings the agent, mender-client and SWUpdate to it", async () => {
  const { client } = world;
  const joined = await untilJoined();
  const controller = joined.get("swupdate")?.id as DeviceId;
  const releaseId = await uploadRelease("2.0");
  const target = { kind: "all" } as const;
  const stages = [34, 67, 100].map((percent) => ({
    size: percent === 100 ? { remaining: true as const } : { percent },
    errorStop: { count: 1 },
  }));

  const consenting = Plan.parse({ stages, mode: "consent" });
  const kept = await client.call("previewDeployment", {
    body: { releaseId, target, plan: consenting },
  });
  expect(kept.cannot.map(({ kind, count }) => [kind, count])).toEqual([["terms-unheeded", 2]]);
  const plan = Plan.parse({ stages });
  expect(await client.call("previewDeployment", { body: { releaseId, target, plan } })).toEqual(
    expect.objectContaining({ gets: 3, trust: { "end-to-end": 1, "server-trusted": 2 } }),
  );

  const { id } = await client.call("createDeployment", { body: { releaseId, target, plan } });
  await untilStanding(id, "SWUpdate's image to be written", controller, "activating");
  expect((await installedContent(folder)).equals(IMAGE)).toBe(true);
  await startController("2.0");
  const ended = await untilEnded(id);

  expect(ended).toMatchObject({ state: "finished", tally: { succeeded: 3 } });
  const { items } = await client.call("listAssignments", { params: { deploymentId: id } });
  expect(items.map(({ stage }) => stage).toSorted((left, right) => left - right)).toEqual([
    0, 1, 2,
  ]);
  expect(items.map(({ outcome }) => outcome)).toEqual(Array(3).fill("succeeded"));
  const after = await devicesByClient();
  expect(CLIENTS.map((name) => after.get(name)?.runs)).toEqual(["2.0", "2.0", "2.0"]);
  expect(mender.read("app.conf")).toBe("version=2.0\n");
  const own = readFileSync(join(agent.root, mender.target, "app.conf"), "utf8");
  expect(own).toBe("version=2.0\n");
});

test("mixed-fleet: a release that none of them keeps ends for each as what became of it, with its log", async () => {
  const { client } = world;
  const before = await untilJoined();
  const releaseId = await uploadRelease("3.0", true);
  const plan = Plan.parse({ stages: [{ size: { remaining: true } }] });
  const body = { releaseId, target: { kind: "all" }, plan } as const;
  const { id: deploymentId } = await client.call("createDeployment", { body });

  const ended = await untilEnded(deploymentId);

  expect(ended).toMatchObject({ state: "finished", tally: { failed: 1, rolledBack: 2 } });
  const said = await waitFor(
    "the logs of all three",
    async () => {
      const { items } = await client.call("listAssignments", { params: { deploymentId } });
      if (!items.every(({ attempts }) => attempts.at(-1)?.hasLog === true)) return undefined;
      return Promise.all(
        CLIENTS.map(async (name) => {
          const own = items.find(({ deviceId }) => deviceId === before.get(name)?.id);
          return [own?.outcome, await logOf(own?.id as AssignmentId)] as const;
        }),
      );
    },
    LONG_MS,
    200,
  );
  expect(said).toEqual([
    ["rolled-back", expect.stringContaining("ArtifactCommit_Enter_00_refuses")],
    ["rolled-back", expect.stringContaining("the health check says no")],
    ["failed", expect.stringMatching(/signature|verif/i)],
  ]);
  expect(mender.read("app.conf")).not.toBe("version=3.0\n");
  const after = await devicesByClient();
  expect(CLIENTS.map((name) => after.get(name)?.runs)).toEqual(
    CLIENTS.map((name) => before.get(name)?.runs),
  );
});

/** What a device wrote of its only try. */
async function logOf(assignmentId: AssignmentId): Promise<string> {
  const { content } = await world.client.download("showAttemptLog", {
    params: { assignmentId, attempt: 1 },
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
