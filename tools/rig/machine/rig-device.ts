import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Random } from "@moult/base";
import {
  findBootCopies,
  parseBootCopy,
  readBootBlocks,
  type BootCopiesOnDisk,
} from "../campaign/boot-copies-on-disk.ts";
import type { CutPolicy } from "../disk/cut-policy.ts";
import { openFileBytes } from "../disk/file-bytes.ts";
import {
  createForgetfulDisk,
  type CutResult,
  type DiskEvent,
  type ForgetfulDisk,
} from "../disk/forgetful-disk.ts";
import { PARTITIONS, SYSTEM_BYTES } from "../image/disk-layout.ts";
import { startNbdServer } from "../nbd/nbd-server.ts";
import { startMachine, type Machine, type MachineEnd } from "./machine.ts";

/** A device: a disk that goes on from start to start, and the machine that is started from it. */
export interface RigDevice {
  readonly disk: ForgetfulDisk;
  start(onLine: (line: string) => void): Machine;
  /** When the machine is gone and all that it sent to its disk is done. */
  ended(machine: Machine): Promise<MachineEnd>;
  /** Takes the power away, and from the disk what the policy says. */
  cutPower(machine: Machine, policy: CutPolicy): Promise<CutResult>;
  /** Where the two blocks of the boot environment lie, and what they hold now. */
  readonly bootOffsets: readonly [number, number];
  bootBlocks(): readonly [Buffer, Buffer];
  /** What GRUB would read now. */
  bootCopies(): BootCopiesOnDisk;
  /** The SHA-256 of what a slot holds now, in the size that all systems have. */
  digestOf(slot: string): string;
  close(): Promise<void>;
}

export interface RigDeviceOptions {
  /** A disk that was just made. */
  readonly diskFile: string;
  readonly serialLog: string;
  readonly atomBytes: number;
  readonly random: Random;
  readonly onDiskEvent?: (event: DiskEvent) => void;
}

export const slotPartition = (slot: string) => PARTITIONS[slot === "a" ? "moult-a" : "moult-b"];

export async function openRigDevice(options: RigDeviceOptions): Promise<RigDevice> {
  const { diskFile, serialLog, atomBytes, random, onDiskEvent } = options;
  const bytes = openFileBytes(diskFile);
  const offsets = findBootCopies(bytes, PARTITIONS["moult-env"]);
  const disk = createForgetfulDisk({
    bytes,
    atomBytes,
    random,
    ...(onDiskEvent === undefined ? {} : { onEvent: onDiskEvent }),
  });
  // The path of a socket has to be short.
  const socketPath = join(tmpdir(), `moult-rig-${process.pid}-${Date.now() % 1e6}.sock`);
  const server = await startNbdServer(disk, socketPath);
  const ended = async (machine: Machine): Promise<MachineEnd> => {
    const end = await machine.ended;
    await server.idle();
    return end;
  };
  return {
    disk,
    start: (onLine) => startMachine({ socketPath, serialLog, onLine }),
    ended,
    cutPower: async (machine, policy) => {
      machine.kill();
      await ended(machine);
      return disk.cutPower(policy);
    },
    bootOffsets: offsets,
    bootBlocks: () => readBootBlocks(bytes, offsets),
    bootCopies: () => {
      const [first, second] = readBootBlocks(bytes, offsets);
      return [parseBootCopy(first), parseBootCopy(second)];
    },
    digestOf: (slot) =>
      createHash("sha256")
        .update(bytes.read(slotPartition(slot).startBytes, SYSTEM_BYTES))
        .digest("hex"),
    close: async () => {
      await server.close();
      bytes.close();
      rmSync(socketPath, { force: true });
    },
  };
}
