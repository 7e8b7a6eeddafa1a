import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import {
  createSlotInstaller,
  type BootControl,
  type Slot,
  type SlotContent,
  type SlotImage,
  type SlotInstaller,
  type SlotInstallerDeps,
} from "@moult/agent-core";
import type { Log } from "@moult/base";
import type { BootloaderDeps } from "../bootloaders/boot-copies.ts";
import { createGrubBootControl } from "../bootloaders/grub.ts";
import { placeKernel, type SlotKernel } from "../bootloaders/kernel-place.ts";
import { createOwnBootControl, createUBootControl } from "../bootloaders/raw-copies.ts";
import {
  createSystemdBootControl,
  readSelectedSlot,
  SYSTEMD_BOOT_TRIES,
} from "../bootloaders/systemd-boot.ts";
import type { AgentFolders, SlotsConfig } from "../config.ts";
import type { Verity } from "../installers/verity.ts";
import { openEfiVariables } from "../platform/efi-variables.ts";
import { openBlockDevice, type OpenedDevice } from "../storage/block-device.ts";
import { dropPageCache } from "../storage/page-cache.ts";
import { readBootedSlot } from "./booted-slot.ts";
import { openRestartNote } from "./restart-note.ts";
import { mountedSlotKernel, type WithSlotKernel } from "./slot-kernel.ts";
import { keepVerityNote } from "./verity-note.ts";

/** The two places of this machine's system. */
export interface SystemSlots {
  readonly boot: BootControl;
  readonly installer: SlotInstaller;
  /** Whether the bootloader starts a kernel that is outside of the slot. */
  readonly placesKernels: boolean;
  /** Puts what the spare slot was filled with on trial, once it was read back. */
  arm(content: SlotContent, beside: BesideImage): Promise<void>;
}

/** What came with an image. */
interface BesideImage {
  /** Of the dm-verity tree in it. */
  readonly verity: Verity | null;
  /** Absent: what the image has itself, where the bootloader needs one. */
  readonly kernel: SlotKernel | null;
}

export interface SystemSlotsDeps {
  readonly config: SlotsConfig;
  readonly folders: Pick<
    AgentFolders,
    | "kernelCommandLineFile"
    | "efiVariablesDir"
    | "runDir"
    | "dataDir"
    | "identityDir"
    | "bootStateDir"
  >;
  readonly bootId: string;
  /** Whether other agents share this machine, and its page cache. */
  readonly isMachineShared: boolean;
  /** Absent: by mounting the slot. */
  readonly withSlotKernel?: WithSlotKernel;
  readonly log: Log;
}

/** Starts of one trial, where counting them is the bootloader's to do. */
const TRIES = 2;

type CountingBootloader = Exclude<SlotsConfig["bootloader"], "systemd-boot">;
type MakeBootControl = (deps: BootloaderDeps) => BootControl;

const BOOTLOADERS: Readonly<Record<CountingBootloader, MakeBootControl>> = {
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
    const { boot, booted } = await bootControlOf(deps);
    log.info("system-slots", { booted, ...(await boot.read()) });
    if (!deps.isMachineShared) await tellWhatIsInSlot(folders, log);
    const { installer, arm } = installerOf(deps, boot);
    return {
      boot,
      installer,
      placesKernels: config.bootloader === "systemd-boot",
      arm: (content, beside) => arm(content, triesOf(config), beside),
    };
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

const triesOf = ({ bootloader, tries }: SlotsConfig): number =>
  tries ?? (bootloader === "systemd-boot" ? SYSTEMD_BOOT_TRIES : TRIES);

interface KnownBoot {
  readonly boot: BootControl;
  readonly booted: Slot;
}

async function bootControlOf({ config, folders, log }: SystemSlotsDeps): Promise<KnownBoot> {
  if (config.bootloader === "systemd-boot") {
    const variables = openEfiVariables(folders.efiVariablesDir);
    const booted = await readSelectedSlot(variables);
    const boot = createSystemdBootControl({
      variables,
      booted: () => Promise.resolve(booted),
      log,
    });
    return { boot, booted };
  }
  const booted = await readBootedSlot(folders.kernelCommandLineFile);
  const boot = BOOTLOADERS[config.bootloader]({
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
    isRedundant: config.redundantEnvironment,
    log,
  });
  return { boot, booted };
}

function installerOf(deps: SystemSlotsDeps, boot: BootControl) {
  const { config, folders, bootId, log } = deps;
  const opened: OpenedDevice[] = [];
  const closeAll = async (): Promise<void> => {
    for (const device of opened.splice(0)) await device.close();
  };
  // Kept open from the first write to the sync: an error of writing back is told to whoever has the device open.
  const thenClosed = async <Result>(run: () => Promise<Result>): Promise<Result> => {
    try {
      return await run();
    } finally {
      await closeAll();
    }
  };
  const open = async (path: string): Promise<OpenedDevice> => {
    const device = await openBlockDevice(path, {
      isExclusive: true,
      dropCache: () => (deps.isMachineShared ? Promise.resolve() : dropPageCache(log)),
    });
    opened.push(device);
    return device;
  };
  const withKernel = deps.withSlotKernel ?? mountedSlotKernel(folders.runDir);
  const placeKernelOf = async (slot: Slot, beside: SlotKernel | null): Promise<void> => {
    // What was read back by now is mounted, which the agent's own hold of it would forbid.
    await closeAll();
    const place = async (kernel: SlotKernel): Promise<void> =>
      placeKernel(await open(config.environment), slot, kernel, log);
    if (beside === null) await withKernel(config.devices[slot], place);
    else await place(beside);
  };
  const shared: Omit<SlotInstallerDeps, "boot"> = {
    restartNote: openRestartNote(folders.runDir, bootId),
    openSlot: (slot) => open(config.devices[slot]),
    createHasher: () => createHash("sha256"),
    log,
  };
  const installer = createSlotInstaller({ ...shared, boot });
  const arm = (
    content: SlotContent,
    tries: number,
    { verity, kernel }: BesideImage,
  ): Promise<void> => {
    // After the image was read back, and before the bootloader hears of it.
    const thenArmed: BootControl["arm"] = async (slot) => {
      await closeAll();
      await keepVerityNote(await open(config.devices[slot]), content, verity);
      if (config.bootloader === "systemd-boot") await placeKernelOf(slot, kernel);
      await boot.arm(slot, tries);
    };
    const armed = createSlotInstaller({ ...shared, boot: { ...boot, arm: thenArmed } });
    return thenClosed(() => armed.arm(content, tries));
  };
  return {
    installer: {
      ...installer,
      write: (image: SlotImage) => thenClosed(() => installer.write(image)),
      arm: (content: SlotContent, tries: number) =>
        arm(content, tries, { verity: null, kernel: null }),
    },
    arm,
  };
}
