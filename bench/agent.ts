import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { setUpAdministrator } from "../tools/local/administrator.ts";
import { AGENT_BUNDLE, createLocalDevice, type LocalDevice } from "../tools/local/local-agent.ts";
import { startLocalProcess, waitFor } from "../tools/local/local-process.ts";
import { SERVER_BUNDLE, startLocalServer } from "../tools/local/local-server.ts";
import { createMoultCommand, words } from "../tools/local/moult-command.ts";
import { residentBytes, summary, type BenchOptions, type BenchReport } from "./measure.ts";

export const name = "agent";
export const question =
  "How much memory does the agent take when it is connected over TLS and nothing happens, and how soon is it heard from?";

const UNIT_FILE = new URL("../deploy/systemd/moult-agent.service", import.meta.url);
const MEGABYTE = 1_000_000;
/** Long enough for what a start leaves behind to be collected. */
const SETTLE_MS = 10_000;

/** What of `moult-agent status --json` says that the server has answered. */
const Status = z.object({
  pid: z.int().nullable(),
  link: z.object({ lastContactAt: z.string().nullable() }),
});

interface Measured {
  readonly heardMs: number;
  readonly residentMb: number;
  readonly anonymousMb: number;
}

/** The agent as devices get it: its bundle, started as its unit file starts it, here and with the system's own Node. */
export async function run({ runs, say }: BenchOptions): Promise<BenchReport> {
  return withAgentWorld(async ({ folder, provisioning }) => {
    const results: BenchReport["results"][number][] = [];
    const flags = unitFlags();
    for (const node of interpreters()) {
      const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
      const device = await createLocalDevice({
        root: join(folder, `device-${version}`),
        serial: version,
        config: { checkIn: {} },
      });
      device.run("provision", provisioning);
      const all: Measured[] = [];
      for (let index = 0; index < runs; index += 1) {
        const measured = await measure(device, node, flags, measuredOf);
        say(`${version}, run ${index + 1}: ${Math.round(measured.residentMb)} MB`);
        all.push(measured);
      }
      const of = (part: keyof Measured) => all.map((one) => one[part]);
      results.push(
        summary(`agent on ${version}, idle`, "MB", of("residentMb")),
        summary(`agent on ${version}, idle, without mapped files`, "MB", of("anonymousMb")),
        summary(`agent on ${version}, start to first answer`, "ms", of("heardMs")),
      );
    }
    return { results, ratios: {} };
  });
}

/** A server that has just been set up, and what its devices are provisioned with. */
async function withAgentWorld<Result>(
  use: (world: { readonly folder: string; readonly provisioning: string }) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "moult-bench-agent-"));
  const server = await startLocalServer({
    dataFolder: join(folder, "server"),
    program: SERVER_BUNDLE,
  });
  try {
    const moult = createMoultCommand({ home: folder, cwd: folder });
    await setUpAdministrator(server, moult);
    await moult.ok(words`product create bench`);
    const token = await moult.ok(
      words`enrolment-token create --product bench --accepts --uses 1000`,
    );
    await moult.ok(
      words`device provision --product bench --hardware-type board --enrolment-token -
        --out provisioning.json`,
      token,
    );
    return await use({ folder, provisioning: join(folder, "provisioning.json") });
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The agent of this project's Node, idle and connected, as `look` finds its process. */
export function measureIdleAgent<Result>(look: (pid: number) => Result): Promise<Result> {
  return withAgentWorld(async ({ folder, provisioning }) => {
    const device = await createLocalDevice({
      root: join(folder, "device"),
      serial: "idle",
      config: { checkIn: {} },
    });
    device.run("provision", provisioning);
    return measure(device, process.execPath, unitFlags(), look);
  });
}

const measuredOf = (pid: number, heardMs: number): Measured => ({
  heardMs,
  residentMb: residentBytes(pid).now / MEGABYTE,
  anonymousMb: anonymousBytes(pid) / MEGABYTE,
});

async function measure<Result>(
  device: LocalDevice,
  node: string,
  flags: readonly string[],
  look: (pid: number, heardMs: number) => Result,
): Promise<Result> {
  const startedAtMs = Date.now();
  const agent = await startLocalProcess(
    node,
    [...flags, AGENT_BUNDLE, "daemon", "--root", device.root],
    { logFile: join(device.root, "agent.log") },
  );
  try {
    const contactAtMs = await waitFor(
      "the agent to get an answer",
      async () => {
        if (agent.exitCode() !== undefined) return null;
        const { pid, link } = Status.parse(JSON.parse(await device.runAside("status", "--json")));
        if (pid !== agent.pid || link.lastContactAt === null) return undefined;
        const atMs = Date.parse(link.lastContactAt);
        return atMs >= startedAtMs ? atMs : undefined;
      },
      30_000,
    );
    if (contactAtMs === null) throw new Error(`the agent ended:\n${agent.tail()}`);
    await sleep(SETTLE_MS);
    return look(agent.pid, contactAtMs - startedAtMs);
  } finally {
    await agent.stop();
  }
}

/** The flags of the interpreter in the agent's unit file. */
function unitFlags(): readonly string[] {
  const line = /^Environment="MOULT_NODE_FLAGS=(.+)"$/m.exec(readFileSync(UNIT_FILE, "utf8"));
  if (line?.[1] === undefined) throw new Error("the agent's unit file has no flags for its Node");
  return line[1].split(" ");
}

/** The Node of this project, and that of the machine if it is another one. */
function interpreters(): readonly string[] {
  const SYSTEM_NODE = "/usr/bin/node";
  try {
    const version = execFileSync(SYSTEM_NODE, ["--version"], { encoding: "utf8" }).trim();
    return version === process.version ? [process.execPath] : [process.execPath, SYSTEM_NODE];
  } catch {
    // A machine without a Node of its own has one to measure.
    return [process.execPath];
  }
}

/** Memory that no file backs: it counts the same whether other processes of this Node run on the machine or not. */
function anonymousBytes(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const kibibytes = /^Anonymous:\s+(\d+) kB$/m.exec(rollup)?.[1];
  if (kibibytes === undefined) throw new Error(`/proc/${pid}/smaps_rollup has no Anonymous`);
  return Number(kibibytes) * 1024;
}
