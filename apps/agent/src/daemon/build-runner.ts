import { readFile } from "node:fs/promises";
import type { Log } from "@moult/base";
import type { HardwareType } from "@moult/model";
import { copyChoiceOf } from "../bootloader-copies/copy-choice.ts";
import { systemClock } from "../clock/lift-clock.ts";
import type { LoadedConfig } from "../config.ts";
import { dropPageCache } from "../storage/page-cache.ts";
import { createSystemReboot } from "../platform/system-reboot.ts";
import { systemTicker } from "../platform/ticker.ts";
import { checkSystemHealth } from "../system-slots/check-system-health.ts";
import { openSystemSlots } from "../system-slots/system-slots.ts";
import { createUpdateRunner } from "../update-runner/create-update-runner.ts";
import { createBootloaderInstaller } from "../installers/bootloader.ts";
import type { Installer } from "../installers/installer.ts";
import { createRootfsImages, type RootfsImages } from "../installers/rootfs-image.ts";
import type { ServerMove } from "../installers/server-move.ts";
import type { Admission } from "../trust/admission.ts";
import type {
  UpdateLimits,
  UpdateRunner,
  UpdateRunnerDeps,
  UpdateServer,
} from "../update-runner/update-runner.ts";
import { launchedAgent } from "../self-update/launched-agent.ts";
import { createSelfUpdate, type SelfUpdate } from "../self-update/self-update.ts";
import { readFactoryInfo } from "./factory-info.ts";
import { holdPolicy, systemHealth, updateLimits } from "./runner-settings.ts";

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
  const { loaded, log, restart: _restart, ...deps } = options;
  const { config, folders, isReRooted } = loaded;
  const { rebootCommand } = config.updates;
  const { running } = await readFactoryInfo(folders.artifactInfoFile);
  const limits = updateLimits(config);
  const reboot = createSystemReboot(rebootCommand ?? (isReRooted ? undefined : ["reboot"]), log);
  const bootId = (await readFile(folders.bootIdFile, "utf8")).trim();
  return createUpdateRunner({
    paths: folders,
    ...deps,
    initialRunning: running,
    reboot,
    bootId,
    clock: systemClock,
    ticker: systemTicker,
    log,
    limits,
    selfUpdate: selfUpdateOf(options, limits),
    rootfsImages: await rootfsImagesOf(options, { reboot, bootId, limits }),
    bootloader: bootloaderOf(options),
    holdPolicy: holdPolicy(config),
  });
}

function selfUpdateOf(
  { loaded, restart, log }: RunnerOptions,
  limits: UpdateLimits,
): SelfUpdate | undefined {
  const launched = launchedAgent(process.env);
  if (launched === undefined || restart === undefined) return undefined;
  return createSelfUpdate({
    launched,
    restart,
    confirmTimeoutMs: limits.confirmTimeoutMs,
    restartTimeoutMs: limits.rebootTimeoutMs,
    isMachineShared: loaded.isReRooted,
    ticker: systemTicker,
    log,
  });
}

function bootloaderOf({ loaded, log }: RunnerOptions): Installer | undefined {
  const { bootloader } = loaded.config;
  if (bootloader === undefined) return undefined;
  return createBootloaderInstaller({
    copies: bootloader.copies,
    choice: copyChoiceOf(bootloader.program),
    sysBlockDir: "/sys/class/block",
    dropCache: () => (loaded.isReRooted ? Promise.resolve() : dropPageCache(log)),
  });
}

async function rootfsImagesOf(
  { loaded, log }: RunnerOptions,
  { reboot, bootId, limits }: Pick<UpdateRunnerDeps, "reboot" | "bootId" | "limits">,
): Promise<RootfsImages | undefined> {
  const { config, folders, isReRooted } = loaded;
  if (config.slots === undefined) return undefined;
  const slots = await openSystemSlots({
    config: config.slots,
    folders,
    bootId,
    isMachineShared: isReRooted,
    log,
  });
  if (slots === undefined) return undefined;
  return createRootfsImages({
    slots,
    reboot,
    rebootTimeoutMs: limits.rebootTimeoutMs,
    checkHealth: ({ log: updateLog }, signal) =>
      checkSystemHealth(systemHealth(config, folders, limits), systemTicker, updateLog, signal),
    ticker: systemTicker,
    log,
  });
}
