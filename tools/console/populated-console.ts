import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { seededRandom } from "@moult/base";
import { Provisioning } from "@moult/device-protocol";
import {
  ControllerId,
  type Deployment,
  type DeploymentTarget,
  type GroupId,
  type HardwareType,
  type ProductName,
  type ReleaseId,
} from "@moult/model";
import { createFleetLink } from "../fleet/fleet-link.ts";
import { SimulatedDevice } from "../fleet/simulated-device.ts";
import { createLocalDevice } from "../local/local-agent.ts";
import { waitFor, type LocalProcess } from "../local/local-process.ts";
import { words } from "../local/moult-command.ts";
import { startConsoleServer, type ConsoleServer } from "./console-server.ts";
import { addProduct, deploy, plan, untilDeployment, untilDevices } from "./fill-console.ts";
import { addUnsigned } from "./fill-trust.ts";
import { HOSTILE_INVENTORY, HOSTILE_NAMES, HOSTILE_NOTES } from "./hostile-texts.ts";
import { multiplyFleet } from "./multiplied-fleet.fixture.ts";

/** Where to look: what the pages of a populated console are about. */
export interface ConsoleFacts {
  readonly meters: number;
  readonly pending: number;
  readonly deployments: Readonly<
    Record<"finished" | "tripped" | "paused" | "aborted" | "moving" | "waiting" | "hostile", string>
  >;
  readonly releases: Readonly<Record<"plain" | "hostile" | "unsigned", string>>;
  readonly devices: Readonly<Record<"meter" | "pump" | "moving" | "pending" | "hostile", string>>;
  /** A real agent's failed attempt, which left a log. */
  readonly log: { readonly deviceId: string; readonly assignmentId: string };
  readonly groupId: string;
  readonly proposalId: string;
  readonly bulkChangeId: string;
}

/** A server with all that a console can show: a large fleet, deployments in each state, real agents, hostile texts. */
interface PopulatedConsole extends ConsoleServer {
  readonly facts: ConsoleFacts;
}

/** One in a hundred is a real simulated device, the others are copies of them. */
const METERS = 10_000;
const METERS_REAL = 100;
const PUMPS = 60;
const PENDING = 40;

export async function startPopulatedConsole(folder: string): Promise<PopulatedConsole> {
  const world = await startConsoleServer({
    folder,
    // Who checks in once stays on time for as long as anybody looks.
    settings: { MOULT_DEVICES_CHECK_IN_SECONDS: "3600" },
  });
  const agents: LocalProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(agents.map((agent) => agent.stop()));
    await world.stop();
  };
  try {
    await world.moult.ok(words`artifact keygen --out release-key`);
    const [meters, pumps, moving, pending, hostile, log] = await Promise.all([
      addMeters(world),
      addPumps(world),
      addMovingValves(world),
      addPendingGateways(world),
      addHostileDevices(world),
      addAgent(world, agents),
    ]);
    // Whoever adds a product signs all that is there.
    const unsigned = await addUnsigned(world, pumps);
    const facts: ConsoleFacts = {
      meters: METERS,
      pending: PENDING,
      deployments: {
        ...pumps.deployments,
        waiting: meters.deploymentId,
        moving: moving.deploymentId,
        hostile: hostile.deploymentId,
      },
      releases: {
        plain: pumps.releaseId,
        hostile: hostile.releaseId,
        unsigned: unsigned.releaseId,
      },
      devices: {
        meter: meters.deviceId,
        pump: pumps.deviceId,
        moving: moving.deviceId,
        pending: pending.deviceId,
        hostile: hostile.deviceId,
      },
      log,
      groupId: pumps.groupId,
      proposalId: unsigned.proposalId,
      bulkChangeId: pumps.bulkChangeId,
    };
    return { ...world, facts, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function addMeters(world: ConsoleServer) {
  const { client, server, startFleet } = world;
  const made = await addProduct(world, "meter", ["1.0", "2.0"]);
  const fleet = await startFleet({ ...made, count: METERS_REAL, args: ["--once"] });
  await waitFor("the meters to join", () => fleet.exitCode(), 120_000);
  const deviceId = await untilDevices(client, "meter", METERS_REAL);
  multiplyFleet(server.dataFolder, "meter", METERS);
  // Nobody of them is there to take it.
  const deploymentId = await deploy(client, made, "2.0", { plan: plan([1, 10, 50, 100], 3) });
  return { deviceId, deploymentId };
}

async function addPumps(world: ConsoleServer) {
  const { client, startFleet } = world;
  const made = await addProduct(world, "pump", ["2.0", "3.0", "4.0", "5.0"]);
  await startFleet({
    ...made,
    count: PUMPS,
    args: words`--interval 2 --step-ms 50 --fail-version 3.0`,
  });
  const deviceId = await untilDevices(client, "pump", PUMPS);
  const { items } = await client.call("listDevices", { query: { product: made.product } });
  const group = await client.call("createGroup", {
    body: { name: "field pumps", product: made.product },
  });
  const groupId: GroupId = group.id;
  const bulkChange = await client.call("startBulkChange", {
    body: {
      selection: { kind: "ids", deviceIds: items.slice(0, 20).map(({ id }) => id) },
      action: { kind: "add-to-group", groupId },
      expectedMatches: 20,
    },
  });
  await waitFor(
    "the group to be put together",
    async () => {
      const params = { bulkChangeId: bulkChange.id };
      const { state } = await client.call("showBulkChange", { params });
      return state === "finished" || undefined;
    },
    30_000,
  );
  const target: DeploymentTarget = { kind: "group", groupId };
  const finished = await deploy(client, made, "2.0", { plan: plan([10, 50, 100], 1) });
  await untilDeployment(client, finished, "finished");
  const tripped = await deploy(client, made, "3.0", { plan: plan([5, 50, 100], 1) });
  await untilDeployment(client, tripped, "tripped");
  const paused = await deploy(client, made, "4.0", { name: "4.0 to field pumps", target });
  await client.call("pauseDeployment", { params: { deploymentId: paused as Deployment["id"] } });
  const aborted = await deploy(client, made, "5.0", { target });
  await client.call("abortDeployment", { params: { deploymentId: aborted as Deployment["id"] } });
  return {
    product: made.product,
    hardwareType: made.hardwareType,
    deviceId,
    groupId,
    bulkChangeId: bulkChange.id,
    releaseId: made.releases["2.0"] ?? "",
    deployments: { finished, tripped, paused, aborted },
  };
}

/** They begin to download and stay there. */
async function addMovingValves(world: ConsoleServer) {
  const { client, startFleet } = world;
  const made = await addProduct(world, "valve", ["2.0"]);
  await startFleet({ ...made, count: 12, args: words`--interval 2 --step-ms 3600000` });
  const deviceId = await untilDevices(client, "valve", 12);
  const deploymentId = await deploy(client, made, "2.0", { plan: plan([50, 100], 2) });
  return { deviceId, deploymentId };
}

async function addPendingGateways({ moult, client, startFleet }: ConsoleServer) {
  const product = "gateway" as ProductName;
  await moult.ok(words`product create ${product}`);
  await client.call("createControllerGateway", {
    body: {
      product,
      hardwareType: "gateway-board" as HardwareType,
      label: "hall 4",
      controllerIds: ["hall-4-1", "hall-4-2"].map((name) => ControllerId.parse(name)),
    },
  });
  const fleet = { product, hardwareType: "gateway-board", count: PENDING, isPending: true };
  await startFleet({ ...fleet, args: words`--interval 3600` });
  const deviceId = await untilDevices(client, product, PENDING);
  return { deviceId };
}

async function addHostileDevices(world: ConsoleServer) {
  const { client, provision } = world;
  const made = await addProduct(world, "odd", ["1.0"]);
  const file = await provision(made);
  const provisioning = Provisioning.parse(JSON.parse(await readFile(file, "utf8")));
  const link = createFleetLink(provisioning, 4);
  const names = Object.values(HOSTILE_NAMES);
  for (let index = 0; index < names.length; index += 1) {
    const device = new SimulatedDevice(
      {
        link,
        provisioning,
        behaviour: { failPercent: 0, failVersion: undefined, downloads: false, stepMs: 0 },
        random: seededRandom(index),
        wait: () => Promise.resolve(),
        inventory: HOSTILE_INVENTORY,
      },
      "odd",
      index,
      "0.9",
    );
    await device.enrol();
    await device.checkIn();
  }
  link.close();
  const { items } = await client.call("listDevices", { query: { product: made.product } });
  const ids = items.map(({ id }) => id).toSorted();
  await Promise.all(
    ids.map((deviceId, index) =>
      client.call("renameDevice", { params: { deviceId }, body: { name: names[index] ?? null } }),
    ),
  );
  const releaseId = made.releases["1.0"] as ReleaseId;
  await client.call("changeRelease", { params: { releaseId }, body: { notes: HOSTILE_NOTES } });
  const deploymentId = await deploy(client, made, "1.0", {
    name: `${HOSTILE_NAMES.markup}${HOSTILE_NAMES.reversed}`,
  });
  await client.call("createGroup", {
    body: { name: HOSTILE_NAMES.markup, product: made.product },
  });
  return { deviceId: ids[0] ?? "", releaseId, deploymentId };
}

/** A real agent, whose update fails in a script and leaves a log. */
async function addAgent(
  world: ConsoleServer,
  agents: LocalProcess[],
): Promise<ConsoleFacts["log"]> {
  const { client, folder, provision } = world;
  const scripts = join(folder, "kiosk-scripts");
  await mkdir(scripts, { recursive: true });
  const script = join(scripts, "ArtifactInstall_Enter_05_check");
  await writeFile(
    script,
    '#!/bin/sh\nfor n in 1 2 3; do echo "looking at disk $n <b>" >&2; done\nexit 1\n',
    { mode: 0o755 },
  );
  const made = await addProduct(world, "kiosk", ["1.1"], ["--script", script]);
  const device = await createLocalDevice({ root: join(folder, "kiosk"), serial: "kiosk-1" });
  await device.runAside("provision", await provision(made));
  agents.push(await device.start());
  const deviceId = await untilDevices(client, "kiosk", 1);
  const deploymentId = await deploy(client, made, "1.1");
  await untilDeployment(client, deploymentId, "finished");
  const { items } = await client.call("listAssignments", {
    params: { deploymentId: deploymentId as Deployment["id"] },
  });
  return { deviceId, assignmentId: items[0]?.id ?? "" };
}
