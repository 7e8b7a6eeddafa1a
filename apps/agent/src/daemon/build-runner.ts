import { readFile } from "node:fs/promises";
import type { Log } from "@moult/base";
import type { HardwareType } from "@moult/model";
import { systemClock } from "../clock/lift-clock.ts";
import type { LoadedConfig } from "../config.ts";
import { createSystemReboot } from "../platform/system-reboot.ts";
import { systemTicker } from "../platform/ticker.ts";
import { createUpdateRunner } from "../update-runner/create-update-runner.ts";
import type { ServerMove } from "../installers/server-move.ts";
import type { Admission } from "../trust/admission.ts";
import type { UpdateRunner, UpdateServer } from "../update-runner/update-runner.ts";
import { launchedAgent } from "../self-update/launched-agent.ts";
import { createSelfUpdate } from "../self-update/self-update.ts";
import { readFactoryInfo } from "./factory-info.ts";
import { holdPolicy, updateLimits } from "./runner-settings.ts";

export interface RunnerOptions {
  readonly loaded: LoadedConfig;
  readonly hardwareType: HardwareType;
  readonly artifactKeys: readonly string[];
  readonly admission: Admission;
  readonly server: UpdateServer;
  readonly serverMove: ServerMove;
  /** Ends this process to be started again; undefined where it is no daemon, which nobody would start again. */
  readonly restart?: () => void;
  readonly log: Log;
}

/** The update runner over this machine's real clock, disk and reboot. */
export async function buildRunner(options: RunnerOptions): Promise<UpdateRunner> {
  const { loaded, log, restart, ...deps } = options;
  const { config, folders, isReRooted } = loaded;
  const { rebootCommand } = config.updates;
  const { running } = await readFactoryInfo(folders.artifactInfoFile);
  const limits = updateLimits(config);
  const launched = launchedAgent(process.env);
  const selfUpdate =
    launched === undefined || restart === undefined
      ? undefined
      : createSelfUpdate({
          launched,
          restart,
          confirmTimeoutMs: limits.confirmTimeoutMs,
          restartTimeoutMs: limits.rebootTimeoutMs,
          isMachineShared: isReRooted,
          ticker: systemTicker,
          log,
        });
  return createUpdateRunner({
    paths: folders,
    ...deps,
    initialRunning: running,
    reboot: createSystemReboot(rebootCommand ?? (isReRooted ? undefined : ["reboot"]), log),
    bootId: (await readFile(folders.bootIdFile, "utf8")).trim(),
    clock: systemClock,
    ticker: systemTicker,
    log,
    limits,
    selfUpdate,
    holdPolicy: holdPolicy(config),
  });
}
