import { assert } from "@moult/base";
import type { ByteReader } from "./byte-reader.ts";
import {
  TAR_BLOCK_BYTES,
  readPaxRecords,
  readTarHeader,
  refuseTar,
  tarPaddingBytes,
} from "./tar-header.ts";

/** Tars are padded to their record size, which is 10 KiB by default and 1 MiB at the most that GNU's manual mentions. */
const TRAILING_ZEROS_MAX = 1024 * 1024;

export interface TarEntry {
  readonly name: string;
  readonly sizeBytes: number;
  /** The next bytes of the content, at most `lengthMax`; undefined after the last, when the padding was read as well. */
  some(lengthMax: number): Promise<Uint8Array | undefined>;
  remainingBytes(): number;
}

export interface TarReader {
  /** The next entry, whose predecessor must have been read to its end; undefined at a proper end of the archive. */
  next(): Promise<TarEntry | undefined>;
}

export interface TarReaderOptions {
  /** What errors call the archive. */
  readonly archive: string;
  /** Throws when the name is not one the archive may have; called before the content is looked at. */
  readonly checkName: (name: string) => void;
}

/**
 * Reads a tar entry by entry, strictly: regular files alone, zero padding, two zero blocks and nothing but zeros after.
 *
 * A tar is one of the few things here that is not covered by a digest of its own (section 2.1), so whatever a lenient
 * reader would skip or guess is refused.
 */
export function createTarReader(
  bytes: ByteReader,
  { archive, checkName }: TarReaderOptions,
): TarReader {
  let current: TarEntry | undefined;
  const block = (): Promise<Uint8Array> => bytes.exactly(TAR_BLOCK_BYTES);

  const end = async (): Promise<undefined> => {
    if (!isZero(await block())) refuseTar(archive, "a single zero block inside the archive");
    const endsAt = bytes.position;
    for (;;) {
      const rest = await bytes.some(TRAILING_ZEROS_MAX);
      if (rest === undefined) return undefined;
      if (!isZero(rest)) refuseTar(archive, "data after the end of the archive");
      if (bytes.position - endsAt > TRAILING_ZEROS_MAX)
        refuseTar(archive, "too much padding after the end of the archive");
    }
  };

  return {
    next: async () => {
      assert(
        (current?.remainingBytes() ?? 0) === 0,
        "an entry is read before the next is asked for",
      );
      let header = await block();
      if (isZero(header)) return end();

      let { kind, name, sizeBytes } = readTarHeader(header, archive);
      if (kind === "pax") {
        const records = await bytes.exactly(sizeBytes);
        await readPadding(bytes, sizeBytes, archive);
        const overrides = readPaxRecords(records, archive);
        header = await block();
        if (isZero(header)) refuseTar(archive, "a pax header without an entry");
        ({ kind, name, sizeBytes } = { ...readTarHeader(header, archive), ...overrides });
        if (kind === "pax") refuseTar(archive, "two pax headers in a row");
      }
      checkName(name);
      current = createEntry(bytes, name, sizeBytes, archive);
      return current;
    },
  };
}

function createEntry(
  bytes: ByteReader,
  name: string,
  sizeBytes: number,
  archive: string,
): TarEntry {
  let remaining = sizeBytes;
  return {
    name,
    sizeBytes,
    remainingBytes: () => remaining,
    some: async (lengthMax) => {
      if (remaining === 0) return undefined;
      const part = await bytes.some(Math.min(lengthMax, remaining));
      if (part === undefined) throw bytes.truncated();
      remaining -= part.length;
      if (remaining === 0) await readPadding(bytes, sizeBytes, archive);
      return part;
    },
  };
}

async function readPadding(bytes: ByteReader, sizeBytes: number, archive: string): Promise<void> {
  if (!isZero(await bytes.exactly(tarPaddingBytes(sizeBytes))))
    refuseTar(archive, "padding that is not zero");
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
