import { open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { concatBytes, equalBytes } from "@moult/base";
import { BootError } from "../bootloaders/boot-error.ts";
import { readFileIfPresent, systemCode } from "../storage/durable-file.ts";
import { runProgram } from "./run-program.ts";

/**
 * Variables that the firmware keeps, by their names and their owner's number: `BootOrder-8be4df61-…`. A change of one is done
 * or not done, whatever power does: the firmware sees to that (UEFI Platform Initialization, fault tolerant write).
 */
export interface EfiVariables {
  /** Undefined when there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** What the variable holds already is not written: flash wears. Throws `efi-variable-not-kept`. */
  write(name: string, value: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Kept without power, and readable by the bootloader and by the system. */
const ATTRIBUTES = Uint8Array.of(7, 0, 0, 0);
const CHATTR_MS_MAX = 10_000;

/** Over efivarfs (Documentation/filesystems/efivarfs.rst): a file is the attributes, then the value, and written at once. */
export function openEfiVariables(folder: string): EfiVariables {
  const fileOf = (name: string): string => join(folder, name);
  const read = async (name: string): Promise<Uint8Array | undefined> => {
    const bytes = await readFileIfPresent(fileOf(name));
    return bytes === undefined || bytes.length < ATTRIBUTES.length
      ? undefined
      : new Uint8Array(bytes.subarray(ATTRIBUTES.length));
  };
  return {
    read,
    write: async (name, value) => {
      const before = await read(name);
      if (before !== undefined && equalBytes(before, value)) return;
      await whenMutable(fileOf(name), () =>
        writeAtOnce(fileOf(name), concatBytes([ATTRIBUTES, value])),
      );
      const after = await read(name);
      if (after === undefined || !equalBytes(after, value))
        throw new BootError("efi-variable-not-kept", { name });
    },
    remove: async (name) => {
      try {
        await whenMutable(fileOf(name), () => unlink(fileOf(name)));
      } catch (cause) {
        if (systemCode(cause) !== "ENOENT") throw cause;
      }
      if ((await read(name)) !== undefined) throw new BootError("efi-variable-not-kept", { name });
    },
  };
}

async function writeAtOnce(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "r+").catch((cause: unknown) => {
    if (systemCode(cause) === "ENOENT") return open(path, "wx", 0o644);
    throw cause;
  });
  try {
    await file.write(bytes, 0, bytes.length, 0);
  } finally {
    await file.close();
  }
}

/** Linux guards variables that it does not know by a flag of the file, which Node has no call for. */
async function whenMutable(path: string, change: () => Promise<void>): Promise<void> {
  try {
    await change();
  } catch (cause) {
    if (systemCode(cause) !== "EPERM") throw cause;
    const result = await runProgram("chattr", ["-i", path], CHATTR_MS_MAX);
    if (result.kind === "failed" || result.exitCode !== 0)
      throw new BootError("efi-variable-guarded", { path }, { cause });
    await change();
  }
}
