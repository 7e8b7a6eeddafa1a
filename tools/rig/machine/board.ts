import type { DiskBytes } from "../disk/forgetful-disk.ts";
import type { BootCopy } from "../campaign/boot-copies-on-disk.ts";
import type { DiskLayout, Partition, PartitionName } from "../image/disk-layout.ts";

/** A bootloader with the machine that it starts: all in which the rig's devices differ. `tools/rig/boards` has one a file. */
export interface Board {
  /** As it is chosen by, and counted under in the ledger. */
  readonly name: string;
  readonly hardwareType: string;
  readonly layout: DiskLayout;
  /** How Linux names the disk's partitions, up to their number: `/dev/vda`. */
  readonly partitionPrefix: string;
  /** `slots` of the agent's configuration, but for the tries. */
  readonly slots: Readonly<Record<string, unknown>>;
  /** Starts that a trial gets. Absent: two. */
  readonly triesMax?: number;
  /** What systems are made of; fetched into `cache` when it is missing there. */
  readonly guest: (cache: string) => Guest;
  /** Absent: the kernel's command line names the root. */
  readonly early?: EarlyUserSpace;
  /** Adds to the tree of a system, when all else is in it. */
  readonly addToSystem?: (tree: string) => void;
  /** The bootloader's scripts that ship, by their names; a planted bug changes them. */
  readonly scripts: () => BootScripts;
  /** Writes the bootloader, and a boot environment in which slot a is good and nothing is on trial. */
  readonly install: (disk: DiskWriter, scripts: BootScripts, systemFile: string) => void;
  /** Must end with the guest's restart, and have its serial line on its standard output and the network of `-netdev user`. */
  readonly emulator: (of: EmulatorPlace) => EmulatorCommand;
  readonly environment: EnvironmentOnDisk;
  /** Where the choice is in the firmware's own flash, and not in an environment on the disk. */
  readonly firmware?: FirmwareEnvironment;
}

/** What the early user space has of a board's own. */
export interface EarlyUserSpace {
  /** Lines of shell that set `root`. */
  readonly findRoot: string;
  /** By their names in `/bin`: files of this computer. */
  readonly programs: Readonly<Record<string, string>>;
}

interface FirmwareEnvironment {
  /** What will be started next; `folder` is the emulator's own. */
  choice(folder: string): FirmwareChoice;
  /** What the agent writes beside, when it chooses. */
  readonly partition: PartitionName;
  /** What is wrong with that partition for a good slot with this system; undefined when nothing is. */
  fault(partition: Buffer, slot: string, systemFile: string): string | undefined;
}

export type FirmwareChoice = Omit<BootCopy, "generation">;

export type BootScripts = Readonly<Record<string, string>>;

/** A disk while it is made. */
export interface DiskWriter {
  readonly layout: DiskLayout;
  place(partition: PartitionName, bytes: Buffer): void;
  write(offset: number, bytes: Buffer): void;
}

interface EmulatorPlace {
  /** Where the disk is served, by NBD. */
  readonly diskSocket: string;
  /** For what the emulator needs besides; it stays from start to start. */
  readonly folder: string;
}

export interface EmulatorCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/** The two copies that a bootloader chooses by, as they lie on the disk. */
export interface EnvironmentOnDisk {
  readonly blockBytes: number;
  /** Where they are on a disk that was just made. */
  find(bytes: DiskBytes, partition: Partition): readonly [number, number];
  /** As the bootloader understands a block; undefined where it is no copy. */
  parse(block: Buffer): BootCopy | undefined;
}

/** Of a machine of one architecture: what its systems are made of. All are files of this computer. */
export interface Guest {
  /** For people. */
  readonly says: string;
  readonly kernel: string;
  /** Modules for the disk and the network, in the order in which they need each other. */
  readonly earlyModules: readonly string[];
  /** Modules for the system, by the same rule. */
  readonly watchdogModules: readonly string[];
  readonly programs: Readonly<Record<"busybox" | "e2fsck" | "mke2fs" | "node", string>>;
  /** What the two repair tools are linked to; busybox is static. */
  readonly libraries: readonly Library[];
  /** The `strip` that knows Node's architecture; without one Node stays as large as it is. */
  readonly strip?: string;
  /** What Node is linked to beyond that. */
  readonly nodeLibraries: readonly Library[];
}

export interface Library {
  readonly file: string;
  /** Where its loader finds it: `/lib/x86_64-linux-gnu/libc.so.6`. */
  readonly path: string;
}
