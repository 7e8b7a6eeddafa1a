import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { present, seededRandom } from "@moult/base";
import { x86Emulator } from "../../tools/rig/boards/grub.ts";
import { createForgetfulDisk } from "../../tools/rig/disk/forgetful-disk.ts";
import { memoryBytes } from "../../tools/rig/disk/memory-bytes.fixture.ts";
import { startMachine } from "../../tools/rig/machine/machine.ts";
import { startNbdServer } from "../../tools/rig/nbd/nbd-server.ts";
import type { ScriptMachine } from "./script-machine.fixture.ts";

/** What a start finds. */
export interface DiskState {
  readonly sectors: readonly [Buffer, Buffer];
  readonly isLoadable: Readonly<Record<"a" | "b", boolean>>;
}

/** What a start said, and left in the two sectors. */
export interface SeenStart {
  readonly said: string;
  readonly sectors: readonly [Buffer, Buffer];
}

/** Of one emulator: its restarts get slower each time. */
const STARTS_MAX = 25;

/** One start of GRUB for each state, many in one run of the emulator: the disk changes under it while the kernel restarts it. */
export async function startManyTimes(
  machine: ScriptMachine,
  states: readonly DiskState[],
): Promise<readonly SeenStart[]> {
  const content = readFileSync(machine.place.file);
  const kernels = { a: slotIn(machine, content, "a"), b: slotIn(machine, content, "b") };
  const whole = { a: Buffer.from(kernels.a), b: Buffer.from(kernels.b) };
  const disk = createForgetfulDisk({
    bytes: memoryBytes(content),
    atomBytes: 512,
    random: seededRandom(1),
  });
  const socketPath = join(tmpdir(), `moult-starts-${process.pid}.sock`);
  const server = await startNbdServer(disk, socketPath);
  const seen: SeenStart[] = [];
  const put = ({ sectors, isLoadable }: DiskState): void => {
    for (const copy of [0, 1] as const) sectors[copy].copy(content, machine.place.offsets[copy]);
    for (const slot of ["a", "b"] as const)
      if (isLoadable[slot]) whole[slot].copy(kernels[slot]);
      else kernels[slot].fill(0);
  };
  const sectorsNow = (): readonly [Buffer, Buffer] => {
    const [first, second] = machine.place.offsets;
    const at = (offset: number) => Buffer.from(content.subarray(offset, offset + 512));
    return [at(first), at(second)];
  };
  try {
    while (seen.length < states.length) {
      const end = Math.min(states.length, seen.length + STARTS_MAX);
      put(present(states[seen.length], "a state"));
      let said = "";
      const running = startMachine({
        command: {
          program: "qemu-system-x86_64",
          args: x86Emulator(socketPath).filter((word) => word !== "-no-reboot"),
        },
        serialLog: "/dev/null",
        onLine: (line) => {
          if (seen.length >= end) return;
          said += `${line}\n`;
          if (!line.includes("moult.slot=")) return;
          seen.push({ said, sectors: sectorsNow() });
          said = "";
          if (seen.length === end) running.kill();
          else put(present(states[seen.length], "a state"));
        },
      });
      await running.ended;
      await server.idle();
    }
  } finally {
    await server.close();
    rmSync(socketPath, { force: true });
  }
  return seen;
}

const slotIn = ({ place }: ScriptMachine, content: Buffer, slot: "a" | "b"): Buffer =>
  content.subarray(place.slots[slot], place.slots[slot] + place.slotBytes);
