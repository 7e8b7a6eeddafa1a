import { assert, present } from "@moult/base";
import type { DiskBytes } from "../disk/forgetful-disk.ts";
import type { Partition } from "../image/disk-layout.ts";
import type { StartWords } from "./serial-mark.ts";

/** One copy of what GRUB chooses from; undefined where it is none. */
export interface BootCopy {
  readonly generation: number;
  readonly good: string;
  readonly trial: string;
  readonly tries: number;
}
export type BootCopiesOnDisk = readonly [BootCopy | undefined, BootCopy | undefined];

const SIGNATURE = "# GRUB Environment Block\n";
const BLOCK_BYTES = 1024;

/** Where the two copies lie on a disk that was just made, in the order of their names. */
export function findBootCopies(bytes: DiskBytes, partition: Partition): readonly [number, number] {
  const content = bytes.read(partition.startBytes, partition.sizeBytes);
  const found: { readonly offset: number; readonly generation: number }[] = [];
  for (let at = content.indexOf(SIGNATURE); at >= 0; at = content.indexOf(SIGNATURE, at + 1)) {
    const { generation } = present(parseBootCopy(content.subarray(at, at + BLOCK_BYTES)), "a copy");
    found.push({ offset: partition.startBytes + at, generation });
  }
  const [first, second] = found.toSorted((one, other) => one.generation - other.generation);
  assert(found.length === 2, "a disk is made with two copies of its boot environment");
  return [present(first, "the first").offset, present(second, "the second").offset];
}

/** The two blocks as they are now. */
export const readBootBlocks = (
  bytes: DiskBytes,
  [first, second]: readonly [number, number],
): readonly [Buffer, Buffer] => [bytes.read(first, BLOCK_BYTES), bytes.read(second, BLOCK_BYTES)];

/** As GRUB's `load_env` and the script that ships understand a block. */
export function parseBootCopy(block: Buffer): BootCopy | undefined {
  const text = block.toString("latin1");
  if (!text.startsWith(SIGNATURE)) return undefined;
  const values = new Map<string, string>();
  for (const line of text.slice(SIGNATURE.length).split("\n")) {
    if (line.startsWith("#")) continue;
    const at = line.indexOf("=");
    if (at > 0) values.set(line.slice(0, at), line.slice(at + 1));
  }
  const number = (name: string): number => {
    const value = values.get(name) ?? "";
    return /^[0-9]+$/.test(value) ? Number(value) : Number.NaN;
  };
  const copy = {
    generation: number("moult_generation"),
    good: values.get("moult_good") ?? "",
    trial: values.get("moult_trial") ?? "",
    tries: number("moult_tries"),
  };
  const isSlot = (word: string): boolean => word === "a" || word === "b";
  const isValid =
    copy.generation >= 1 &&
    copy.tries >= 0 &&
    copy.tries <= 9 &&
    isSlot(copy.good) &&
    copy.good !== copy.trial &&
    (isSlot(copy.trial) || (copy.trial === "" && copy.tries === 0));
  return isValid ? copy : undefined;
}

/** The copy that holds: of two, the one with the higher generation. */
export function holding([first, second]: BootCopiesOnDisk): BootCopy | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return second.generation > first.generation ? second : first;
}

/** What GRUB is to start from these copies, and what it is to say about it; undefined where it has to guess. */
export function predictStart(copies: BootCopiesOnDisk): StartWords | undefined {
  const now = holding(copies);
  if (now === undefined) return undefined;
  const { good, trial, tries } = now;
  if (trial === "" || tries === 0) return { slot: good, good, trial, tries };
  const [first, second] = copies;
  // The only copy there is, GRUB does not write: so it cannot count, and starts what is good.
  const isCounted = first !== undefined && second !== undefined;
  return { slot: isCounted ? trial : good, good, trial, tries: tries - 1 };
}
