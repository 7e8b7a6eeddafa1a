import { mkdir } from "node:fs/promises";
import type { Log } from "@moult/base";
import { InstallError } from "../installers/install-error.ts";
import { describeEnd, runProcess } from "../platform/process-group.ts";
import type { Ticker } from "@moult/agent-core";
import type { AppFolder, ReleaseRecord } from "./app-folder.ts";
import type { AppRun, AppSupervisor, RunMode } from "./app-supervisor.ts";
import { checkHealth } from "./check-health.ts";

/** In the environment of every application that an agent runs, with the agent's apps folder. */
export const APP_MARK = "MOULT_APP_SUPERVISOR";

export interface AppRuntimeDeps {
  readonly appsDir: string;
  readonly supervisor: AppSupervisor;
  readonly ticker: Ticker;
  readonly log: Log;
  /** The agent's own environment, which applications inherit. */
  readonly environment: NodeJS.ProcessEnv;
}

/** How long systemd may take over one of its units. */
const SYSTEMCTL_LIMITS = { timeoutMs: 120_000, killAfterMs: 1_000 };

/** Starts, stops and checks releases, whether the agent runs them or systemd does. */
export interface AppRuntime {
  /** Runs `release`, which `current` points to already. Nothing happens for an application that only is files. */
  start(folder: AppFolder, release: string, mode: RunMode, signal: AbortSignal): Promise<void>;
  stop(folder: AppFolder, release: string, signal: AbortSignal): Promise<void>;
  /** The agent starts it again whenever it ends. */
  keep(folder: AppFolder): void;
  isRunning(folder: AppFolder, release: string, signal: AbortSignal): Promise<boolean>;
  checkHealth(folder: AppFolder, release: string, signal: AbortSignal): Promise<void>;
}

export function createAppRuntime(deps: AppRuntimeDeps): AppRuntime {
  const { supervisor } = deps;
  return {
    start: async (folder, release, mode, signal) => {
      const { app, artifactName } = await readRecord(folder, release);
      if (app.unit !== undefined) await systemctl(deps, ["restart", app.unit], signal);
      if (app.command === undefined) return;
      await mkdir(folder.dataDir, { recursive: true, mode: 0o755 });
      const run: AppRun = {
        name: folder.name,
        release,
        folder: folder.releaseFolder(release),
        command: app.command,
        environment: environmentOf(deps, folder, release, artifactName),
        logFile: folder.logFile,
        stopTimeoutMs: app.stopTimeoutSeconds * 1_000,
      };
      supervisor.start(run, mode);
    },
    stop: async (folder, release, signal) => {
      await supervisor.stop(folder.name);
      const { app } = await readRecord(folder, release);
      if (app.unit !== undefined) await systemctl(deps, ["stop", app.unit], signal);
    },
    keep: (folder) => supervisor.keep(folder.name),
    isRunning: async (folder, release, signal) => {
      const { app } = await readRecord(folder, release);
      if (app.unit !== undefined) return isUnitActive(deps, app.unit, signal);
      if (app.command === undefined) return true;
      const status = supervisor.status(folder.name);
      return status?.kind === "running" && status.release === release;
    },
    checkHealth: async (folder, release, signal) => {
      const { app, artifactName } = await readRecord(folder, release);
      const checked = {
        name: `${folder.name} ${artifactName}`,
        folder: folder.releaseFolder(release),
        environment: environmentOf(deps, folder, release, artifactName),
        obstacle: () => (app.command === undefined ? undefined : obstacle(deps, folder, release)),
      };
      await checkHealth(app.health, checked, deps.ticker, signal);
      if (app.unit !== undefined && !(await isUnitActive(deps, app.unit, signal)))
        throw new InstallError("health-check-failed", `${app.unit} is not active`);
    },
  };
}

function obstacle(
  { supervisor }: AppRuntimeDeps,
  folder: AppFolder,
  release: string,
): string | undefined {
  const status = supervisor.status(folder.name);
  if (status === undefined) return "is not running";
  if (status.release !== release) return `is not running; ${status.release} is`;
  return status.kind === "running" ? undefined : status.how;
}

async function readRecord(folder: AppFolder, release: string): Promise<ReleaseRecord> {
  try {
    return await folder.readRecord(release);
  } catch (cause) {
    const detail = `the record of ${folder.name} ${release} cannot be read`;
    throw new InstallError("activation-failed", detail, { cause });
  }
}

function environmentOf(
  deps: AppRuntimeDeps,
  folder: AppFolder,
  release: string,
  artifactName: string,
): NodeJS.ProcessEnv {
  return {
    ...deps.environment,
    MOULT_APP_NAME: folder.name,
    MOULT_APP_VERSION: artifactName,
    MOULT_APP_DIR: folder.releaseFolder(release),
    MOULT_APP_DATA: folder.dataDir,
    [APP_MARK]: deps.appsDir,
  };
}

async function systemctl(
  { log, environment }: AppRuntimeDeps,
  args: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const onLine = (stream: string, line: string): void =>
    log.info("systemctl-output", { args: args.join(" "), stream, line });
  const spec = { file: "systemctl", args, cwd: "/", env: environment, onLine };
  const end = await runProcess(spec, SYSTEMCTL_LIMITS, signal);
  if (end.kind === "exited" && end.exitCode === 0) return;
  const detail = `systemctl ${args.join(" ")} ${describeEnd(end)}`;
  throw new InstallError("activation-failed", detail);
}

async function isUnitActive(
  { environment }: AppRuntimeDeps,
  unit: string,
  signal: AbortSignal,
): Promise<boolean> {
  const args = ["is-active", "--quiet", unit];
  const spec = { file: "systemctl", args, cwd: "/", env: environment, onLine: () => undefined };
  const end = await runProcess(spec, SYSTEMCTL_LIMITS, signal);
  return end.kind === "exited" && end.exitCode === 0;
}
