import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BootError } from "../bootloaders/boot-error.ts";
import type { SlotKernel } from "../bootloaders/kernel-place.ts";
import { runProgram } from "../platform/run-program.ts";
import { makeFolder, systemCode } from "../storage/durable-file.ts";

/** Gives the kernel that the system in a slot brings, for as long as `use` takes. */
export type WithSlotKernel = (
  devicePath: string,
  use: (kernel: SlotKernel) => Promise<void>,
) => Promise<void>;

/** Where a system has it. */
const KERNEL_FILE = "boot/moult.efi";
const MOUNT_MS_MAX = 60_000;

/** Mounts the slot, read-only, in a folder below `runDir`: whatever file system it is, Linux can read it. */
export function mountedSlotKernel(runDir: string): WithSlotKernel {
  const folder = join(runDir, "slot");
  return async (devicePath, use) => {
    await makeFolder(folder);
    // An agent before this one may have ended in between.
    if (await isMounted(folder)) await demand("umount", [folder]);
    await demand("mount", ["-o", "ro,nosuid,nodev,noexec", devicePath, folder]);
    try {
      await use(await kernelIn(folder));
    } finally {
      await demand("umount", [folder]);
    }
  };
}

const isMounted = async (folder: string): Promise<boolean> =>
  (await stat(folder)).dev !== (await stat(dirname(folder))).dev;

async function kernelIn(folder: string): Promise<SlotKernel> {
  const file = join(folder, KERNEL_FILE);
  try {
    const { size } = await stat(file);
    return { sizeBytes: size, content: createReadStream(file) };
  } catch (cause) {
    if (systemCode(cause) !== "ENOENT") throw cause;
    throw new BootError("kernel-missing", { file: KERNEL_FILE }, { cause });
  }
}

async function demand(program: string, args: readonly string[]): Promise<void> {
  const result = await runProgram(program, args, MOUNT_MS_MAX);
  if (result.kind === "failed")
    throw new BootError("slot-not-mounted", { program, reason: result.reason });
  if (result.exitCode !== 0)
    throw new BootError("slot-not-mounted", { program, exitCode: result.exitCode });
}
