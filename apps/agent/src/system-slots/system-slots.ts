import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import {
  createSlotInstaller,
  type BootControl,
  type Slot,
  type SlotInstaller,
} from "@moult/agent-core";
import type { Log } from "@moult/base";
import type { BootloaderDeps } from "../bootloaders/boot-copies.ts";
import { createGrubBootControl } from "../bootloaders/grub.ts";
import { createOwnBootControl, createUBootControl } from "../bootloaders/raw-copies.ts";
import type { AgentFolders, SlotsConfig } from "../config.ts";
import { openBlockDevice, type OpenedDevice } from "../storage/block-device.ts";
import { dropPageCache } from "../storage/page-cache.ts";
import { readBootedSlot } from "./booted-slot.ts";
import { openRestartNote } from "./restart-note.ts";

/** The two places of this machine's system. */
export interface SystemSlots {
  readonly boot: BootControl;
  readonly installer: SlotInstaller;
  /** Starts of one trial. */
  readonly tries: number;
}

export interface SystemSlotsDeps {
  readonly config: SlotsConfig;
  readonly folders: Pick<
    AgentFolders,
    "kernelCommandLineFile" | "runDir" | "dataDir" | "identityDir" | "bootStateDir"
  >;
  readonly bootId: string;
  /** Whether other agents share this machine, and its page cache. */
  readonly isMachineShared: boolean;
  readonly log: Log;
}

type MakeBootControl = (deps: BootloaderDeps) => BootControl;

const BOOTLOADERS: Readonly<Record<SlotsConfig["bootloader"], MakeBootControl>> = {
  grub: createGrubBootControl,
  "u-boot": createUBootControl,
  raw: createOwnBootControl,
};

/**
 * Undefined where the slots cannot be used: an agent that does not know what runs overwrites nothing, but goes on with
 * whatever else it can do.
 */
export async function openSystemSlots(deps: SystemSlotsDeps): Promise<SystemSlots | undefined> {
  const { config, folders, log } = deps;
  try {
    const booted = await readBootedSlot(folders.kernelCommandLineFile);
    const boot = bootControlOf(deps, booted);
    log.info("system-slots", { booted, ...(await boot.read()) });
    if (!deps.isMachineShared) await tellWhatIsInSlot(folders, log);
    return { boot, installer: installerOf(deps, boot), tries: config.tries };
  } catch (error) {
    log.error("system-slots-unusable", { error });
    return undefined;
  }
}

/** What is in a slot goes with the slot: without its key the device is a stranger to its server after its first update. */
async function tellWhatIsInSlot(folders: SystemSlotsDeps["folders"], log: Log): Promise<void> {
  const { dev } = await stat("/");
  for (const name of ["dataDir", "identityDir", "bootStateDir"] as const) {
    const found = await stat(folders[name]).catch(() => undefined);
    if (found?.dev === dev) log.error("folder-in-slot", { name, folder: folders[name] });
  }
}

function bootControlOf({ config, log }: SystemSlotsDeps, booted: Slot): BootControl {
  return BOOTLOADERS[config.bootloader]({
    withDevice: async (use) => {
      const device = await openBlockDevice(config.environment, {
        isExclusive: false,
        dropCache: () => Promise.resolve(),
      });
      try {
        const result = await use(device);
        return result;
      } finally {
        await device.close();
      }
    },
    booted: () => Promise.resolve(booted),
    log,
  });
}

function installerOf(deps: SystemSlotsDeps, boot: BootControl): SlotInstaller {
  const { config, folders, bootId, isMachineShared, log } = deps;
  const opened: OpenedDevice[] = [];
  // Kept open from the first write to the sync: an error of writing back is told to whoever has the device open.
  const thenClosed = async <Result>(run: () => Promise<Result>): Promise<Result> => {
    try {
      return await run();
    } finally {
      for (const device of opened.splice(0)) await device.close();
    }
  };
  const installer = createSlotInstaller({
    boot,
    restartNote: openRestartNote(folders.runDir, bootId),
    openSlot: async (slot) => {
      const device = await openBlockDevice(config.devices[slot], {
        isExclusive: true,
        dropCache: () => (isMachineShared ? Promise.resolve() : dropPageCache(log)),
      });
      opened.push(device);
      return device;
    },
    createHasher: () => createHash("sha256"),
    log,
  });
  return {
    ...installer,
    write: (content, sizeBytes) => thenClosed(() => installer.write(content, sizeBytes)),
    arm: (content, tries) => thenClosed(() => installer.arm(content, tries)),
  };
}
