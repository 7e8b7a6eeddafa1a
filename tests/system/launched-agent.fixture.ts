import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { payloadFileFromBytes, prepareArtifact } from "@moult/artifact";
import { present } from "@moult/base";
import {
  AGENT_BUNDLE,
  createLocalDevice,
  type LocalDevice,
} from "../../tools/local/local-agent.ts";
import { startLocalProcess, type LocalProcess } from "../../tools/local/local-process.ts";

const LAUNCHER = fileURLToPath(new URL("../../dist/moult-agent-launcher", import.meta.url));

const VERSION = /(AGENT_VERSION = )"[0-9.]+"/;

/** The agent that ships, under another version; `first` runs before anything else of it. */
export function agentBundle(version: string, first = ""): string {
  const text = readFileSync(AGENT_BUNDLE, "utf8");
  if (!VERSION.test(text)) throw new Error("the bundle does not say its version where it did");
  const renamed = text.replace(VERSION, `$1"${version}"`);
  // Imports come before the first statement, wherever they stand.
  return first === "" ? renamed : renamed.replace("\n", `\n${first}\n`);
}

/** A self-update of the agent. */
export async function agentArtifact(artifactName: string, bundle: string): Promise<Buffer> {
  const prepared = await prepareArtifact({
    artifactName,
    deviceTypes: ["gw2-rev-a"],
    payloads: [
      {
        type: "moult-agent",
        files: [payloadFileFromBytes("moult-agent.mjs", Buffer.from(bundle))],
        hasToolDefaults: true,
      },
    ],
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of prepared.bytes()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A device whose agent is started by the launcher, as systemd would. */
export interface LaunchedDevice extends LocalDevice {
  /** Stops what runs, and starts the launcher. */
  launch(): Promise<LocalProcess>;
  /** Ends the launcher and the agent, without a word to either. */
  cutPower(): Promise<void>;
  /** The launcher that runs. */
  launcher(): LocalProcess;
}

export interface LaunchedDeviceOptions {
  readonly root: string;
  readonly serial: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
}

export async function createLaunchedDevice(
  options: LaunchedDeviceOptions,
): Promise<LaunchedDevice> {
  const device = await createLocalDevice(options);
  const factory = join(options.root, "moult-agent.mjs");
  writeFileSync(factory, readFileSync(AGENT_BUNDLE));
  let running: LocalProcess | undefined;
  const launcher = (): LocalProcess => present(running, "the device was started");
  return {
    ...device,
    launcher,
    launch: async () => {
      running = await startLocalProcess("/bin/sh", [LAUNCHER, "daemon", "--root", options.root], {
        logFile: join(options.root, "agent.log"),
        environment: {
          MOULT_NODE: process.execPath,
          MOULT_AGENT_FACTORY: factory,
          ...options.environment,
        },
      });
      return running;
    },
    cutPower: async () => {
      const pids = descendantsOf(launcher().pid);
      // The launcher first: it must not start anything more.
      const ended = launcher().kill();
      for (const pid of pids) killIfThere(pid);
      await ended;
    },
  };
}

function descendantsOf(pid: number): readonly number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    const pids = children
      .split(" ")
      .filter((text) => text !== "")
      .map(Number);
    return pids.flatMap((child) => [child, ...descendantsOf(child)]);
  } catch {
    return [];
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
