import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Random } from "@moult/base";
import type { BootCopiesOnDisk, BootCopy } from "../campaign/boot-copies-on-disk.ts";
import type { CutPolicy } from "../disk/cut-policy.ts";
import { openFileBytes } from "../disk/file-bytes.ts";
import {
  createForgetfulDisk,
  type CutResult,
  type DiskEvent,
  type ForgetfulDisk,
} from "../disk/forgetful-disk.ts";
import { slotOf, type DiskLayout, type PartitionName } from "../image/disk-layout.ts";
import { startNbdServer } from "../nbd/nbd-server.ts";
import type { Board } from "./board.ts";
import { startMachine, type Machine, type MachineEnd } from "./machine.ts";

/** A device: a disk that goes on from start to start, and the machine that is started from it. */
export interface RigDevice {
  readonly board: Board;
  readonly disk: ForgetfulDisk;
  start(onLine: (line: string) => void): Machine;
  /**
   * Stops the disk directly after the given write, before anything that follows it; power is to be taken
   * away then. Counts from now, over restarts of the guest; a cut ends it.
   */
  stopAtWrite(at: DiskMoment): Promise<void>;
  /** When the machine is gone and all that it sent to its disk is done. */
  ended(machine: Machine): Promise<MachineEnd>;
  /** Takes the power away, and from the disk what the policy says. */
  cutPower(machine: Machine, policy: CutPolicy): Promise<CutResult>;
  /** Where the two blocks of the boot environment lie, and what they hold now. */
  readonly bootOffsets: readonly [number, number];
  bootBlocks(): readonly [Buffer, Buffer];
  /** What the bootloader would read now. */
  bootCopies(): BootCopiesOnDisk;
  /** What is wrong with what the bootloader starts from beside the slots, if this system is the good one. */
  faultBeside(slot: string, systemFile: string): string | undefined;
  /** The SHA-256 of what a slot holds now, in the size that all systems have. */
  digestOf(slot: string): string;
  close(): Promise<void>;
}

/** A moment by what is written to the disk: the so-manieth write to a partition, or to any. */
export interface DiskMoment {
  readonly partition: PartitionName | "any";
  readonly writes: number;
}

export interface RigDeviceOptions {
  readonly board: Board;
  /** A disk that was just made. */
  readonly diskFile: string;
  /** Of the run: for the serial line's log, and what the emulator keeps. */
  readonly folder: string;
  readonly atomBytes: number;
  readonly random: Random;
  readonly onDiskEvent?: (event: DiskEvent) => void;
}

export async function openRigDevice(options: RigDeviceOptions): Promise<RigDevice> {
  const { board, diskFile, folder, atomBytes, random, onDiskEvent } = options;
  const { layout, environment } = board;
  const bytes = openFileBytes(diskFile);
  const offsets = environment.find(bytes, layout.partitions["moult-env"]);
  const stop = createStop(layout);
  const disk = createForgetfulDisk({
    bytes,
    atomBytes,
    random,
    isInterrupted: stop.isDone,
    onEvent: (event) => {
      onDiskEvent?.(event);
      stop.onDiskEvent(event);
    },
  });
  // The path of a socket has to be short.
  const socketPath = join(tmpdir(), `moult-rig-${process.pid}-${Date.now() % 1e6}.sock`);
  const server = await startNbdServer(disk, socketPath, stop.isDone);
  const ended = async (machine: Machine): Promise<MachineEnd> => {
    const end = await machine.ended;
    await server.idle();
    return end;
  };
  const bootBlocks = (): readonly [Buffer, Buffer] => [
    bytes.read(offsets[0], environment.blockBytes),
    bytes.read(offsets[1], environment.blockBytes),
  ];
  return {
    disk,
    board,
    start: (onLine) =>
      startMachine({
        command: board.emulator({ diskSocket: socketPath, folder }),
        serialLog: join(folder, "serial.log"),
        onLine,
      }),
    stopAtWrite: stop.at,
    ended,
    cutPower: async (machine, policy) => {
      machine.kill();
      await ended(machine);
      stop.clear();
      return disk.cutPower(policy);
    },
    bootOffsets: offsets,
    bootBlocks,
    bootCopies: bootCopiesOf(board, folder, bootBlocks),
    faultBeside: (slot, systemFile) => {
      if (board.firmware === undefined) return undefined;
      const { startBytes, sizeBytes } = layout.partitions[board.firmware.partition];
      return board.firmware.fault(bytes.read(startBytes, sizeBytes), slot, systemFile);
    },
    digestOf: (slot) =>
      createHash("sha256")
        .update(bytes.read(slotOf(layout, slot).startBytes, layout.systemBytes))
        .digest("hex"),
    close: async () => {
      await server.close();
      bytes.close();
      rmSync(socketPath, { force: true });
    },
  };
}

/** From the disk, or from the firmware's own flash. */
function bootCopiesOf(
  { environment, firmware }: Board,
  folder: string,
  bootBlocks: () => readonly [Buffer, Buffer],
): () => BootCopiesOnDisk {
  if (firmware === undefined)
    return () => {
      const [first, second] = bootBlocks();
      return [environment.parse(first), environment.parse(second)];
    };
  // Firmware has no numbers: a start that is used up is of the same trial still.
  let now: BootCopy | undefined;
  return () => {
    const choice = firmware.choice(folder);
    const isSame =
      now?.good === choice.good && now.trial === choice.trial && choice.tries <= now.tries;
    now = { ...choice, generation: (now?.generation ?? 0) + (isSame ? 0 : 1) };
    return [now, now];
  };
}

/** Waits for one write. */
function createStop({ partitions }: DiskLayout) {
  let moment: DiskMoment | undefined;
  let left = 0;
  let isDone = false;
  let done: () => void = () => undefined;
  return {
    at: (at: DiskMoment): Promise<void> => {
      moment = at;
      left = at.writes;
      return new Promise((resolve) => {
        done = resolve;
      });
    },
    isDone: (): boolean => isDone,
    clear: (): void => {
      moment = undefined;
      isDone = false;
    },
    onDiskEvent: (event: DiskEvent): void => {
      if (event.kind !== "write" || moment === undefined || isDone) return;
      if (moment.partition !== "any") {
        const { startBytes, sizeBytes } = partitions[moment.partition];
        if (event.offset < startBytes || event.offset >= startBytes + sizeBytes) return;
      }
      left -= 1;
      if (left > 0) return;
      isDone = true;
      done();
    },
  };
}
