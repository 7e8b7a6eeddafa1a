import { readFile } from "node:fs/promises";
import type { Slot } from "@moult/agent-core";
import { isSlot } from "../bootloaders/boot-copies.ts";
import { BootError } from "../bootloaders/boot-error.ts";

const WORD = "moult.slot=";

/** The slot that the bootloader started, by the kernel's command line; throws `booted-slot-unknown`. */
export async function readBootedSlot(commandLineFile: string): Promise<Slot> {
  const line = await readFile(commandLineFile, "utf8");
  const said = line.split(/\s+/).filter((word) => word.startsWith(WORD));
  const slots = new Set(said.map((word) => word.slice(WORD.length)));
  const [slot] = slots;
  // Two answers are none: to overwrite the slot that runs is what must never happen.
  if (slots.size !== 1 || !isSlot(slot))
    throw new BootError("booted-slot-unknown", { commandLineFile, said });
  return slot;
}
