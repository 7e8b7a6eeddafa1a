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
import { readFactoryInfo } from "./factory-info.ts";
import { holdPolicy, updateLimits } from "./runner-settings.ts";

export interface RunnerOptions {
  readonly loaded: LoadedConfig;
  readonly hardwareType: HardwareType;
  readonly artifactKeys: readonly string[];
  readonly admission: Admission;
  readonly server: UpdateServer;
  readonly serverMove: ServerMove;
  readonly log: Log;
}

/** The update runner over this machine's real clock, disk and reboot. */
export async function buildRunner(options: RunnerOptions): Promise<UpdateRunner> {
  const { loaded, log, ...deps } = options;
  const { config, folders, isReRooted } = loaded;
  const { rebootCommand } = config.updates;
  const { running } = await readFactoryInfo(folders.artifactInfoFile);
  return createUpdateRunner({
    paths: folders,
    ...deps,
    initialRunning: running,
    reboot: createSystemReboot(rebootCommand ?? (isReRooted ? undefined : ["reboot"]), log),
    bootId: (await readFile(folders.bootIdFile, "utf8")).trim(),
    clock: systemClock,
    ticker: systemTicker,
    log,
    limits: updateLimits(config),
    holdPolicy: holdPolicy(config),
  });
}
