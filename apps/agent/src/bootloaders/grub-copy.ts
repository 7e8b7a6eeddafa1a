import type { BootEnvironment } from "@moult/agent-core";
import { assert, textFromUtf8, utf8 } from "@moult/base";
import { bootEnvironmentFrom, SECTOR_BYTES, type BootCopyForm } from "./boot-copies.ts";

// GRUB's environment block (grub-core/lib/envblk.c, 2.06): a signature, lines NAME=VALUE, and # up to the end of the file,
// which is 1024 bytes. It has no check of its own, so all that counts is in the first sector, which is written at once.
//
//   # GRUB Environment Block
//   moult_generation=7
//   moult_good=a
//   moult_trial=b
//   moult_tries=2
//   ####...
//
// GRUB itself only lowers `moult_tries`, in the copy that holds.

/** The size of the files that `grub-editenv` makes and GRUB rewrites. */
export const GRUB_BLOCK_BYTES = 1_024;

const SIGNATURE = "# GRUB Environment Block\n";

export const grubCopy: BootCopyForm = {
  // `grub_envblk_set` looks for room from the end of the file, and gives up where the last byte that is no # ends no line.
  behind: new Uint8Array(GRUB_BLOCK_BYTES - SECTOR_BYTES).fill(0x23),
  encode: ({ generation, good, trial, triesLeft }: BootEnvironment) => {
    const lines = `moult_generation=${generation}\nmoult_good=${good}\nmoult_trial=${trial ?? ""}\nmoult_tries=${triesLeft}\n`;
    const text = SIGNATURE + lines;
    assert(text.length <= SECTOR_BYTES, "four short variables fit into a sector");
    return utf8(text.padEnd(SECTOR_BYTES, "#"));
  },
  decode: (bytes) => {
    const text = textFromUtf8(bytes);
    if (text === undefined || !text.startsWith(SIGNATURE)) return undefined;
    const values = valuesIn(text.slice(SIGNATURE.length));
    if (values === undefined) return undefined;
    return bootEnvironmentFrom({
      generation: numberIn(values.get("moult_generation")),
      good: values.get("moult_good"),
      trial: values.get("moult_trial"),
      tries: values.get("moult_tries"),
    });
  },
};

/** Lines that are whole; undefined when one of ours is there twice, which GRUB and this would read differently. */
function valuesIn(text: string): ReadonlyMap<string, string> | undefined {
  const values = new Map<string, string>();
  for (const line of text.split("\n").slice(0, -1)) {
    const at = line.indexOf("=");
    if (line.startsWith("#") || at <= 0) continue;
    const name = line.slice(0, at);
    if (values.has(name)) return undefined;
    values.set(name, line.slice(at + 1));
  }
  return values;
}

const numberIn = (text: string | undefined): number =>
  text !== undefined && /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : Number.NaN;
