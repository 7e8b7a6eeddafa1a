import { assert, present } from "@moult/base";
import { validCopy, type BootCopy } from "../campaign/boot-copies-on-disk.ts";
import type { EnvironmentOnDisk } from "../machine/board.ts";

const SIGNATURE = "# GRUB Environment Block\n";
const BLOCK_BYTES = 1024;

/** Two environment blocks of GRUB, by a parser of the rig's own. */
export const GRUB_ENVIRONMENT: EnvironmentOnDisk = {
  blockBytes: BLOCK_BYTES,
  find: (bytes, partition) => {
    const content = bytes.read(partition.startBytes, partition.sizeBytes);
    const found: { readonly offset: number; readonly generation: number }[] = [];
    for (let at = content.indexOf(SIGNATURE); at >= 0; at = content.indexOf(SIGNATURE, at + 1)) {
      const copy = parseGrubCopy(content.subarray(at, at + BLOCK_BYTES));
      const { generation } = present(copy, "a copy of what GRUB chooses by");
      found.push({ offset: partition.startBytes + at, generation });
    }
    const [first, second] = found.toSorted((one, other) => one.generation - other.generation);
    assert(found.length === 2, "a disk is made with two copies of its boot environment");
    return [present(first, "the first").offset, present(second, "the second").offset];
  },
  parse: parseGrubCopy,
};

/** As GRUB's `load_env` and the script that ships understand a block. */
export function parseGrubCopy(block: Buffer): BootCopy | undefined {
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
  return validCopy({
    generation: number("moult_generation"),
    good: values.get("moult_good") ?? "",
    trial: values.get("moult_trial") ?? "",
    tries: number("moult_tries"),
  });
}
