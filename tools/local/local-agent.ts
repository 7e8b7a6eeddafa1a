import { execFile, spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startLocalProcess, type LocalProcess } from "./local-process.ts";

/** What ships to devices: `npm run build` makes it. */
export const AGENT_BUNDLE = fileURLToPath(new URL("../../dist/moult-agent.mjs", import.meta.url));

const execute = promisify(execFile);

/** A device on this machine: a folder that is its root directory. */
export interface LocalDevice {
  readonly root: string;
  readonly serial: string;
  /** Runs one `moult-agent` command there; throws with what it printed when it fails. */
  run(...args: string[]): string;
  /** The same, while other things go on. */
  runAside(...args: string[]): Promise<string>;
  start(): Promise<LocalProcess>;
}

export interface LocalDeviceOptions {
  readonly root: string;
  readonly serial: string;
  /** Applications inherit it. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Over the agent's defaults. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly node?: string;
  /** Another agent than the one that ships. */
  readonly bundle?: string;
}

export async function createLocalDevice(options: LocalDeviceOptions): Promise<LocalDevice> {
  const { root, serial, environment = {}, config = {} } = options;
  const { node = process.execPath, bundle = AGENT_BUNDLE } = options;
  const env = { ...process.env, ...environment };
  const commandLine = (args: readonly string[]) => [bundle, ...args, "--root", root];
  await mkdir(join(root, "etc/moult"), { recursive: true });
  await writeFile(
    join(root, "etc/moult/agent.json"),
    JSON.stringify({
      identity: { attributes: { serial } },
      checkIn: { secondsMin: 1, secondsMax: 5 },
      ...config,
    }),
  );
  return {
    root,
    serial,
    run: (...args) => {
      const { status, stdout, stderr } = spawnSync(node, commandLine(args), {
        encoding: "utf8",
        env,
      });
      if (status !== 0)
        throw new Error(`moult-agent ${args.join(" ")} ended with ${status}:\n${stderr}${stdout}`);
      return stdout;
    },
    runAside: async (...args) => (await execute(node, commandLine(args), { env })).stdout,
    start: () =>
      startLocalProcess(node, [bundle, "daemon", "--root", root], {
        logFile: join(root, "agent.log"),
        environment,
      }),
  };
}
