import { crc32 } from "node:zlib";
import { validCopy, type BootCopy } from "../campaign/boot-copies-on-disk.ts";
import type { EnvironmentOnDisk } from "../machine/board.ts";

const SECTOR_BYTES = 512;
const CHECK_BYTES = 4;
const SECOND_COPY_AT = 512 * 1024;

/** Two raw sectors as `env export -c` writes them, by a parser of the rig's own. */
export const U_BOOT_ENVIRONMENT: EnvironmentOnDisk = {
  blockBytes: SECTOR_BYTES,
  find: (_bytes, { startBytes }) => [startBytes, startBytes + SECOND_COPY_AT],
  parse: parseUBootCopy,
};

/** As U-Boot's `env import -c` and the script that ships understand a sector: their numbers are hexadecimal. */
export function parseUBootCopy(sector: Buffer): BootCopy | undefined {
  const entries = sector.subarray(CHECK_BYTES);
  if (sector.length !== SECTOR_BYTES || crc32(entries) !== sector.readUInt32LE(0)) return undefined;
  const text = entries.toString("latin1");
  const values = new Map<string, string>();
  for (const entry of text.slice(0, text.indexOf("\0\0")).split("\0")) {
    const at = entry.indexOf("=");
    if (at > 0) values.set(entry.slice(0, at), entry.slice(at + 1));
  }
  const number = (name: string): number => {
    const value = values.get(name) ?? "";
    return /^[0-9a-f]+$/.test(value) ? Number.parseInt(value, 16) : Number.NaN;
  };
  return validCopy({
    generation: number("moult_generation"),
    good: values.get("moult_good") ?? "",
    // No variable that is empty is exported.
    trial: values.get("moult_trial") ?? "",
    tries: number("moult_tries"),
  });
}

/** A sector in which slot a is good and nothing is on trial, as a factory would write it. */
export function uBootCopy(generation: number): Buffer {
  const sector = Buffer.alloc(SECTOR_BYTES);
  const entries = [`moult_generation=${generation.toString(16)}`, "moult_good=a", "moult_tries=0"];
  sector.write(`${entries.join("\0")}\0\0`, CHECK_BYTES, "latin1");
  sector.writeUInt32LE(crc32(sector.subarray(CHECK_BYTES)), 0);
  return sector;
}

export const U_BOOT_COPY_OFFSETS = [0, SECOND_COPY_AT] as const;
