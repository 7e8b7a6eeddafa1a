import { crc32 } from "@moult/artifact";
import { concatBytes, textFromUtf8, utf8 } from "@moult/base";
import type { BootEnvironment } from "@moult/agent-core";
import { bootEnvironmentFrom, SECTOR_BYTES, type BootCopyForm } from "./boot-copies.ts";

// What U-Boot's `env export -c` writes and `env import -c` reads (cmd/nvedit.c, include/env_internal.h): a CRC-32, least byte
// first; one byte of flags, if U-Boot was built with CONFIG_SYS_REDUNDAND_ENVIRONMENT; then what the check is of: NAME=VALUE
// entries, each ended by a zero byte, one more zero byte, and zeros up to the end. `setexpr` counts in hexadecimal, so the
// generation is written that way.

const CRC_BYTES = 4;

/** How many bytes are before the entries, and those of them that are flags. */
interface Head {
  readonly bytes: number;
  readonly flags: Uint8Array;
}

const PLAIN: Head = { bytes: CRC_BYTES, flags: new Uint8Array() };
/** ENV_REDUND_ACTIVE, which the export sets where the environment is in flash, and leaves zero elsewhere; the import asks for neither. */
const REDUNDANT: Head = { bytes: CRC_BYTES + 1, flags: new Uint8Array([1]) };

/**
 * Writes as what it read last was written: which of the two it is depends on how U-Boot was built. `isRedundant` says it while
 * nothing could be read.
 */
export function createUBootCopy(isRedundant = false): BootCopyForm {
  let head = isRedundant ? REDUNDANT : PLAIN;
  return {
    encode: ({ generation, good, trial, triesLeft }) => {
      const text = `moult_generation=${generation.toString(16)}\0moult_good=${good}\0moult_trial=${trial ?? ""}\0moult_tries=${triesLeft}\0\0`;
      const data = utf8(text.padEnd(SECTOR_BYTES - head.bytes, "\0"));
      return concatBytes([crcOf(data), head.flags, data]);
    },
    decode: (bytes) => {
      if (bytes.length !== SECTOR_BYTES) return undefined;
      for (const one of [PLAIN, REDUNDANT]) {
        const data = bytes.subarray(one.bytes);
        if (!crcOf(data).every((byte, at) => byte === bytes[at])) continue;
        head = one;
        return environmentIn(data);
      }
      return undefined;
    },
  };
}

function environmentIn(data: Uint8Array): BootEnvironment | undefined {
  const text = textFromUtf8(data);
  const end = text?.indexOf("\0\0") ?? -1;
  if (text === undefined || end === -1) return undefined;
  const values = new Map(text.slice(0, end).split("\0").map(entryOf));
  return bootEnvironmentFrom({
    generation: numberIn(values.get("moult_generation")),
    good: values.get("moult_good"),
    // U-Boot exports no variable that is empty.
    trial: values.get("moult_trial") ?? "",
    tries: values.get("moult_tries"),
  });
}

function crcOf(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(CRC_BYTES);
  new DataView(bytes.buffer).setUint32(0, crc32(data), true);
  return bytes;
}

function entryOf(line: string): readonly [string, string] {
  const at = line.indexOf("=");
  return at === -1 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
}

const numberIn = (text: string | undefined): number =>
  text !== undefined && /^[1-9a-f][0-9a-f]{0,7}$/.test(text)
    ? Number.parseInt(text, 16)
    : Number.NaN;
