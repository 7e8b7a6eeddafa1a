import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ADMINISTRATOR, signUp } from "./local/administrator.ts";
import { AGENT_BUNDLE } from "./local/local-agent.ts";
import { freePort, startLocalProcess, waitFor, type LocalProcess } from "./local/local-process.ts";
import { startLocalServer, type LocalServer } from "./local/local-server.ts";
import { createMoultCommand, words, type MoultCommand } from "./local/moult-command.ts";
import * as z from "zod";

// `npm run dev`: a real server with simulated devices behind Vite, so that a change of the console is seen at once. What
// the server holds stays in .data/dev until `npm run dev -- --fresh`.

const USAGE = `Usage: npm run dev -- [options]

  --fresh          begin with an empty server
  --devices N      simulated devices (300)
  --empty          no administrator, product or devices: the first start as people see it
`;

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const FOLDER = path("../.data/dev");
const WEB = path("../apps/web");
const VITE = path("../node_modules/vite/bin/vite.js");
const FLEET_TOOL = path("./fleet.ts");
const BUILD_TOOL = path("./build.ts");
const PRODUCT = "pump";
const VERSIONS = ["1.1", "2.0"] as const;

const { values } = parseArgs({
  options: {
    fresh: { type: "boolean", default: false },
    empty: { type: "boolean", default: false },
    devices: { type: "string", default: "300" },
    help: { type: "boolean", short: "h", default: false },
  },
});
/** Of the keys in .data/dev/home, which sign for simulated devices alone. */
const MOULT_TRUST_PASSPHRASE = "feathers";
const say = (line = ""): void => void process.stderr.write(`${line}\n`);

/** The same ports at each start, so that devices and browsers find the server again. */
const Ports = z.strictObject({ server: z.int(), web: z.int() });

async function ports(): Promise<z.infer<typeof Ports>> {
  const file = join(FOLDER, "ports.json");
  if (existsSync(file)) return Ports.parse(JSON.parse(await readFile(file, "utf8")));
  const chosen = { server: await freePort(), web: await freePort() };
  await writeFile(file, JSON.stringify(chosen));
  return chosen;
}

/** What the programs that the server gives away are made of; the console itself is not built here. */
async function ensureBundles(): Promise<void> {
  if (existsSync(AGENT_BUNDLE)) return;
  say("== building the agent and the command line, once");
  const logFile = join(FOLDER, "build.log");
  const build = await startLocalProcess(process.execPath, [BUILD_TOOL], { logFile });
  const exitCode = await waitFor("the build", () => build.exitCode(), 180_000);
  if (exitCode !== 0) throw new Error(`the build ended with ${exitCode}:\n${build.tail()}`);
}

/** An administrator, a product and its releases, once. */
async function fill(server: LocalServer, moult: MoultCommand): Promise<void> {
  await signUp(server, moult);
  await moult.ok(words`artifact keygen --out release-key`);
  await moult.ok(
    words`product create ${PRODUCT} --title ${"Field pump"} --artifact-key release-key.pub.pem
      --require-signature`,
  );
  await moult.ok(words`trust init --development --product ${PRODUCT} --yes`);
  for (const version of VERSIONS) {
    const payload = join(FOLDER, "payload", version);
    await mkdir(payload, { recursive: true });
    await writeFile(join(payload, "VERSION"), `${version}\n`);
    const file = `${PRODUCT}-${version}.mender`;
    await moult.ok(
      words`artifact create --type directory --dir ${payload} --dest-dir /opt/pump --name ${version}
        --hardware-type pump-board --sign-key release-key.pem --out ${file} --force`,
    );
    await moult.ok(words`release upload --product ${PRODUCT} ${file} --sign --yes`);
  }
}

/** The same seed gives the same devices, so those of the last time come back. */
async function startFleet(server: LocalServer, moult: MoultCommand): Promise<LocalProcess> {
  const secret = await moult.ok(
    words`enrolment-token create --product ${PRODUCT} --label ${"npm run dev"} --accepts
      --uses ${values.devices} --expires-in 1d`,
  );
  const file = "provisioning.json";
  await moult.ok(
    words`device provision --product ${PRODUCT} --hardware-type pump-board --enrolment-token -
      --server-url ${server.url} --out ${file} --force`,
    secret,
  );
  return startLocalProcess(
    process.execPath,
    [
      FLEET_TOOL,
      ...words`--provisioning ${join(FOLDER, file)} --count ${values.devices} --interval 10
        --fail-percent 3 --step-ms 2000`,
    ],
    { logFile: join(FOLDER, "fleet.log") },
  );
}

async function startVite(server: LocalServer, port: number): Promise<LocalProcess> {
  const vite = await startLocalProcess(
    process.execPath,
    [VITE, ...words`--port ${String(port)} --strictPort --clearScreen false`],
    {
      logFile: join(FOLDER, "vite.log"),
      cwd: WEB,
      environment: { MOULT_DEV_SERVER: server.url, NO_COLOR: "1" },
    },
  );
  await waitFor(
    "Vite",
    () => {
      if (vite.exitCode() !== undefined) throw new Error(vite.tail());
      return vite.tail().includes("ready in") || undefined;
    },
    60_000,
  );
  return vite;
}

async function main(): Promise<void> {
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  if (values.fresh || values.empty) await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  await ensureBundles();
  const { server: port, web } = await ports();
  const address = `http://localhost:${web}`;
  say("== server");
  const server = await startLocalServer({
    dataFolder: join(FOLDER, "server"),
    port,
    settings: {
      MOULT_TLS_MODE: "off",
      MOULT_PUBLIC_URL: address,
      MOULT_DEVICES_CHECK_IN_SECONDS: "10",
    },
  });
  const started: LocalProcess[] = [];
  try {
    started.push(await startVite(server, web));
    if (values.empty)
      say(`\n  console     ${address}\n  setup code  ${await server.setupCode()}\n`);
    else {
      const moult = createMoultCommand({
        home: join(FOLDER, "home"),
        cwd: FOLDER,
        environment: { MOULT_TRUST_PASSPHRASE },
        onCommand: (line) => say(`$ ${line}`),
      });
      if (existsSync(join(FOLDER, "server", "setup-code"))) await fill(server, moult);
      started.push(await startFleet(server, moult));
      say(`
  console     ${address}   (a change of apps/web is there at once)
  sign-in     ${ADMINISTRATOR.email}   ${ADMINISTRATOR.password}
  server      ${server.url}   (a change of it: Ctrl-C, and again)
  signing     keys are in ${join(FOLDER, "home")}, passphrase "${MOULT_TRUST_PASSPHRASE}"
  devices     ${values.devices} simulated ones of the product "${PRODUCT}"; logs are in ${FOLDER}
`);
    }
    await interrupted;
  } finally {
    await Promise.all(started.map((process_) => process_.stop()));
    await server.stop();
  }
}

await main();
