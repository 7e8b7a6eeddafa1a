import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { ProductName } from "@moult/model";
import { deviations, reportOf } from "./demo/demo-report.ts";
import { DEMO_PRODUCT, startDemoWorld, type DemoWorld } from "./demo/demo-world.ts";
import { ADMINISTRATOR } from "./local/administrator.ts";
import { startLocalProcess, waitFor, type LocalProcess } from "./local/local-process.ts";
import { words } from "./local/moult-command.ts";
import * as z from "zod";

// `make demo`: a server, six real agents with a real application, a good release and a bad one.

const DEVICES = 6;
/** In the update at a time. */
const CONCURRENT = 2;
const FOLDER = fileURLToPath(new URL("../.demo", import.meta.url));
const FLEET_PRODUCT = "fleet";
const FLEET_TOOL = fileURLToPath(new URL("./fleet.ts", import.meta.url));
/** Of `moult deployment watch`: the deployment stopped itself. */
const EXIT_STOPPED = 3;

const { values } = parseArgs({
  options: {
    once: { type: "boolean", default: false },
    fleet: { type: "string", default: "0" },
  },
});
const startedAt = performance.now();
const say = (line = ""): void => void process.stderr.write(`${line}\n`);

async function deploy(world: DemoWorld, version: string, stages: string): Promise<string> {
  const reply = await world.moult.json(
    words`deployment create --product ${DEMO_PRODUCT} --release ${version} --all --stages ${stages}
      --concurrent ${String(CONCURRENT)} --error-stop 1`,
  );
  return z.object({ id: z.string() }).parse(reply).id;
}

/** Shows the deployment as it goes, until it ends or stops itself. */
async function watch(
  world: DemoWorld,
  deploymentId: string,
  expectedExit: number,
  timeout = "180s",
): Promise<void> {
  const { exitCode, stderr } = await world.moult.show(
    words`deployment watch ${deploymentId} --timeout ${timeout}`,
  );
  if (exitCode !== expectedExit)
    throw new Error(`the deployment ended with ${exitCode}, not ${expectedExit}: ${stderr}`);
}

/** A fleet of its own product, so that the six devices' story stays what it is; ends when it runs 2.0. */
async function showFleet(world: DemoWorld, count: string): Promise<LocalProcess> {
  const { moult } = world;
  say(`\n== ${count} simulated devices join, and take 2.0 in stages`);
  await moult.ok(words`product create ${FLEET_PRODUCT} --artifact-key release-key.pub.pem`);
  await moult.ok(words`trust key create ${FLEET_PRODUCT}`);
  await moult.ok(
    words`trust role create ${FLEET_PRODUCT}/prod --member ${FLEET_PRODUCT} --sign --yes`,
  );
  await moult.ok(words`release upload --product ${FLEET_PRODUCT} app-2.0.mender --sign --yes`);
  const secret = await moult.ok(
    words`enrolment-token create --product ${FLEET_PRODUCT} --accepts --uses ${count}`,
  );
  const file = "fleet-provisioning.json";
  await moult.ok(
    words`device provision --product ${FLEET_PRODUCT} --hardware-type demo-board
      --enrolment-token - --out ${file}`,
    secret,
  );
  const fleet = await startLocalProcess(
    process.execPath,
    [FLEET_TOOL, ...words`--provisioning ${`${FOLDER}/${file}`} --count ${count} --interval 10`],
    { logFile: `${FOLDER}/fleet.log` },
  );
  await waitFor(
    "the fleet to join",
    async () => {
      const query = { product: FLEET_PRODUCT as ProductName };
      const { byState } = await world.client.call("countDevices", { query });
      return (byState.accepted ?? 0) >= Number(count) || undefined;
    },
    600_000,
    1_000,
  );
  const reply = await moult.json(
    words`deployment create ${`${FLEET_PRODUCT}/2.0`} --all --stages 1,10,100 --concurrent 1000
      --error-stop 5%`,
  );
  await watch(world, z.object({ id: z.string() }).parse(reply).id, 0, "30m");
  return fleet;
}

/** Every device says why it does not take 3.0: the one that tried, and those that were spared. */
async function showReasons({ moult, devices }: DemoWorld): Promise<void> {
  say("\n== why does no device take 3.0?");
  for (const [index] of devices.entries())
    say(await moult.ok(["device", "why", `device-${index + 1}`]));
}

async function run(world: DemoWorld): Promise<number> {
  say("\n== 2.0 goes out in stages: a third of the devices, then all, two at a time");
  const deploymentOf2 = await deploy(world, "2.0", "34,100");
  await watch(world, deploymentOf2, 0);

  say("\n== 3.0 crashes at start: its canary falls back to 2.0, the deployment stops itself");
  const deploymentOf3 = await deploy(world, "3.0", "10,50,100");
  await watch(world, deploymentOf3, EXIT_STOPPED);
  say(await world.moult.ok(["deployment", "show", deploymentOf3]));
  await showReasons(world);

  const report = await reportOf({
    client: world.client,
    product: DEMO_PRODUCT,
    deploymentOf2,
    deploymentOf3,
    applicationPorts: world.devices.map(({ applicationPort }) => applicationPort),
    serverPid: world.server.pid,
    startedAt,
  });
  const wrong = deviations(report, DEVICES);
  for (const line of wrong) say(`Not as promised: ${line}`);
  process.stdout.write(`${JSON.stringify(report)}\n`);
  return wrong.length === 0 ? 0 : 1;
}

/** From the first minute on, so that the whole story can be watched. */
function sayWhereToWatch({ server }: DemoWorld): void {
  say(`
Watch it in a browser: ${server.url}
  sign in as ${ADMINISTRATOR.email} with the password "${ADMINISTRATOR.password}"
  the browser warns first, because the server vouches for its own certificate`);
}

function sayWhatToTry(world: DemoWorld): void {
  const { server, folder } = world;
  say(`
It stays up until Ctrl-C.

  server    ${server.url}   (API: ${server.url}/api/v1, certificate authority: ${server.certificateAuthorityFile})
  sign-in   ${ADMINISTRATOR.email}   ${ADMINISTRATOR.password}
  devices   ${world.devices.map(({ applicationPort }) => `http://127.0.0.1:${applicationPort}`).join("  ")}

Try, in another terminal:

  export HOME=${folder}/home; alias moult='node ${fileURLToPath(new URL("../dist/moult.mjs", import.meta.url))}'
  moult device list
  moult device why device-2
  moult deployment list
`);
}

/** Ctrl-C ends the demo at any moment; what it started ends with it. */
const interrupted = new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
});
let isStaying = false;
void interrupted.then(() => {
  if (!isStaying) process.exit(130);
});

say("== a server, an administrator, keys, three signed releases, six devices that run 1.0");
const world = await startDemoWorld(FOLDER, DEVICES, say);
let fleet: LocalProcess | undefined;
try {
  if (!values.once) sayWhereToWatch(world);
  process.exitCode = await run(world);
  if (!values.once) {
    if (values.fleet !== "0") fleet = await showFleet(world, values.fleet);
    sayWhatToTry(world);
    isStaying = true;
    const staying = setInterval(() => undefined, 3_600_000);
    await interrupted;
    clearInterval(staying);
  }
} finally {
  await fleet?.stop();
  await world.stop();
}
