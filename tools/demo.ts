import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { deviations, reportOf } from "./demo/demo-report.ts";
import { DEMO_PRODUCT, startDemoWorld, type DemoWorld } from "./demo/demo-world.ts";
import { ADMINISTRATOR } from "./local/administrator.ts";
import { startLocalProcess, type LocalProcess } from "./local/local-process.ts";
import { words } from "./local/moult-command.ts";
import * as z from "zod";

// `make demo`: a server, six real agents with a real application, a good release and a bad one.

const DEVICES = 6;
const FOLDER = fileURLToPath(new URL("../.demo", import.meta.url));
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
      --error-stop 1`,
  );
  return z.object({ id: z.string() }).parse(reply).id;
}

/** Shows the deployment as it goes, until it ends or stops itself. */
async function watch(world: DemoWorld, deploymentId: string, expectedExit: number): Promise<void> {
  const { exitCode, stdout, stderr } = await world.moult.run(
    words`deployment watch ${deploymentId} --timeout 180s`,
  );
  say(stdout.trimEnd());
  if (exitCode !== expectedExit)
    throw new Error(`the deployment ended with ${exitCode}, not ${expectedExit}: ${stderr}`);
}

async function startFleet(world: DemoWorld, count: string): Promise<LocalProcess | undefined> {
  if (count === "0") return undefined;
  say(`\n== ${count} simulated devices join`);
  return startLocalProcess(
    process.execPath,
    [FLEET_TOOL, "--provisioning", world.provisioningFile, "--count", count, "--interval", "30"],
    { logFile: `${FOLDER}/fleet.log` },
  );
}

async function run(world: DemoWorld): Promise<number> {
  say("\n== 2.0 goes out in stages: a third of the devices, then all");
  const deploymentOf2 = await deploy(world, "2.0", "34,100");
  await watch(world, deploymentOf2, 0);

  say("\n== 3.0 crashes at start: its canary falls back to 2.0, the deployment stops itself");
  const deploymentOf3 = await deploy(world, "3.0", "10,50,100");
  await watch(world, deploymentOf3, EXIT_STOPPED);
  say(await world.moult.ok(["deployment", "show", deploymentOf3]));

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
const fleet = values.once ? undefined : await startFleet(world, values.fleet);
try {
  process.exitCode = await run(world);
  if (!values.once) {
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
