import { ByteReader } from "./byte-reader.ts";
import { crc32 } from "./crc32.ts";
import { DecoderError } from "./decoder-error.ts";
import { LzmaDecoder } from "./lzma-decoder.ts";
import { SlidingWindow } from "./sliding-window.ts";

// "The .xz File Format" 1.2.1 and LZMA2 as in XZ Embedded's description of it.

const STREAM_MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const FOOTER_MAGIC = [0x59, 0x5a];
const FILTER_LZMA2 = 0x21;
/** Bytes of the integrity check by its id (section 2.1.1.2). */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];
/** More blocks than a multi-threaded xz makes of a terabyte, and few enough to remember their sizes. */
const BLOCKS_MAX = 65_536;

interface BlockHeader {
  readonly headerBytes: number;
  readonly dictionaryBytes: number;
  readonly storedBytes: number | undefined;
  readonly contentBytes: number | undefined;
}

interface BlockRecord {
  /** Header, data and check, without the padding. */
  readonly unpaddedBytes: number;
  readonly contentBytes: number;
}

/**
 * Decompresses .xz with its one common filter, LZMA2, in pieces of at most 2 MiB, with no more memory than the dictionary.
 *
 * Sizes and structure are checked against each other; the integrity check of the content is skipped, because every
 * byte that is used out of an artifact is covered by a SHA-256 in its manifest.
 */
export async function* unxz(
  source: AsyncIterable<Uint8Array>,
  windowBytesMax: number,
): AsyncGenerator<Uint8Array> {
  const bytes = new ByteReader(source, () => new DecoderError("an xz stream that is cut off"));
  try {
    let first = await bytes.some(1);
    if (first === undefined) throw bytes.truncated();
    while (first !== undefined) {
      yield* readStream(bytes, first[0] ?? 0, windowBytesMax);
      first = await afterPadding(bytes);
    }
  } finally {
    await bytes.close();
  }
}

async function* readStream(
  bytes: ByteReader,
  firstByte: number,
  windowBytesMax: number,
): AsyncGenerator<Uint8Array> {
  const header = Uint8Array.of(firstByte, ...(await bytes.exactly(11)));
  if (!startsWith(header, STREAM_MAGIC)) throw new DecoderError("not xz data");
  checkCrc(header.subarray(6, 8), header.subarray(8));
  const flags = header.subarray(6, 8);
  const checkBytes = CHECK_BYTES[flags[1] ?? 0];
  if (flags[0] !== 0 || checkBytes === undefined) throw new DecoderError("xz flags of the future");

  const records: BlockRecord[] = [];
  for (let size = await readByte(bytes); size !== 0; size = await readByte(bytes)) {
    const block = await readBlockHeader(bytes, size);
    if (block.dictionaryBytes > windowBytesMax)
      throw new DecoderError("a dictionary that is too large", block.dictionaryBytes);
    if (records.length === BLOCKS_MAX) throw new DecoderError("too many blocks");
    records.push(yield* readBlock(bytes, block, checkBytes));
  }
  await readIndexAndFooter(bytes, records, flags);
}

/** Section 3.1. `size` is the first byte, already read. */
async function readBlockHeader(bytes: ByteReader, size: number): Promise<BlockHeader> {
  const headerBytes = (size + 1) * 4;
  const header = Uint8Array.of(size, ...(await bytes.exactly(headerBytes - 1)));
  checkCrc(header.subarray(0, -4), header.subarray(-4));
  const fields = { bytes: header.subarray(0, -4), at: 2 };
  const flags = header[1] ?? 0;
  if ((flags & 0x3f) !== 0) throw new DecoderError("filters other than LZMA2");
  const storedBytes = (flags & 0x40) === 0 ? undefined : readInteger(fields);
  const contentBytes = (flags & 0x80) === 0 ? undefined : readInteger(fields);
  const isLzma2 = readInteger(fields) === FILTER_LZMA2 && readInteger(fields) === 1;
  if (!isLzma2) throw new DecoderError("filters other than LZMA2");
  const dictionary = fields.bytes[fields.at] ?? 0;
  if (dictionary > 40) throw new DecoderError("a dictionary size that does not exist");
  if (fields.bytes.subarray(fields.at + 1).some((byte) => byte !== 0))
    throw new DecoderError("padding that is not zero");
  const dictionaryBytes =
    dictionary === 40 ? 2 ** 32 - 1 : (2 + (dictionary % 2)) * 2 ** (11 + (dictionary >>> 1));
  return { headerBytes, dictionaryBytes, storedBytes, contentBytes };
}

async function* readBlock(
  bytes: ByteReader,
  header: BlockHeader,
  checkBytes: number,
): AsyncGenerator<Uint8Array, BlockRecord> {
  const start = bytes.position;
  let contentBytes = 0;
  for await (const chunk of readLzma2(bytes, header.dictionaryBytes)) {
    contentBytes += chunk.length;
    yield chunk;
  }
  const storedBytes = bytes.position - start;
  if (
    storedBytes !== (header.storedBytes ?? storedBytes) ||
    contentBytes !== (header.contentBytes ?? contentBytes)
  )
    throw new DecoderError("a block of another size than its header says");
  await readPadding(bytes, storedBytes);
  await bytes.exactly(checkBytes);
  return { unpaddedBytes: header.headerBytes + storedBytes + checkBytes, contentBytes };
}

/** Chunks up to the zero that ends them; each says what it keeps of the decoder's state. */
async function* readLzma2(bytes: ByteReader, dictionaryBytes: number): AsyncGenerator<Uint8Array> {
  const window = new SlidingWindow(dictionaryBytes);
  const decoder = new LzmaDecoder();
  // What the next chunk must reset at least: 3 the dictionary, 2 the properties, 0 nothing.
  let mustReset = 3;
  let position = 0;
  for (let control = await readByte(bytes); control !== 0; control = await readByte(bytes)) {
    if (control > 2 && control < 0x80) throw new DecoderError("a chunk of no known kind");
    const isStored = control <= 2;
    const reset = isStored ? (control === 1 ? 3 : 0) : (control >>> 5) & 3;
    if (mustReset === 3 ? reset !== 3 : !isStored && reset < mustReset)
      throw new DecoderError("a chunk that refers to nothing");
    if (reset === 3) {
      window.reset();
      position = 0;
    }
    const length = (isStored ? 0 : (control & 0x1f) << 16) + (await readUint16(bytes)) + 1;
    window.reserve(length);
    const start = window.end;
    if (isStored) {
      window.append(await bytes.exactly(length));
      if (control === 1) mustReset = 2;
    } else {
      const storedBytes = (await readUint16(bytes)) + 1;
      if (reset >= 2) decoder.setProperties(await readByte(bytes));
      if (reset >= 1) decoder.resetState();
      decoder.decode(await bytes.exactly(storedBytes), length, window, position);
      mustReset = 0;
    }
    position += length;
    yield window.since(start);
  }
}

/** Sections 4 and 2.1.2: the index must repeat what was read, and the footer the header. */
async function readIndexAndFooter(
  bytes: ByteReader,
  records: readonly BlockRecord[],
  flags: Uint8Array,
): Promise<void> {
  const expected = [0, ...integer(records.length)];
  for (const { unpaddedBytes, contentBytes } of records)
    expected.push(...integer(unpaddedBytes), ...integer(contentBytes));
  while (expected.length % 4 !== 0) expected.push(0);
  const index = await bytes.exactly(expected.length + 4 - 1);
  if (expected.slice(1).some((byte, at) => byte !== index[at]))
    throw new DecoderError("an index that does not fit the blocks");
  checkCrc(Uint8Array.from(expected), index.subarray(-4));

  const footer = await bytes.exactly(12);
  checkCrc(footer.subarray(4, 10), footer.subarray(0, 4));
  const storedIndexBytes = (uint32(footer.subarray(4, 8)) + 1) * 4;
  if (
    storedIndexBytes !== expected.length + 4 ||
    footer[8] !== flags[0] ||
    footer[9] !== flags[1] ||
    !startsWith(footer.subarray(10), FOOTER_MAGIC)
  )
    throw new DecoderError("a footer that does not fit the header");
}

/** Streams may be padded with zeros to a multiple of four; gives the first byte of the next stream. */
async function afterPadding(bytes: ByteReader): Promise<Uint8Array | undefined> {
  for (let zeros = 0; ; zeros += 1) {
    const byte = await bytes.some(1);
    if (byte !== undefined && byte[0] === 0) continue;
    if (zeros % 4 !== 0) throw new DecoderError("data after the end");
    return byte;
  }
}

async function readPadding(bytes: ByteReader, length: number): Promise<void> {
  const padding = await bytes.exactly((4 - (length % 4)) % 4);
  if (padding.some((byte) => byte !== 0)) throw new DecoderError("padding that is not zero");
}

async function readByte(bytes: ByteReader): Promise<number> {
  return (await bytes.exactly(1))[0] ?? 0;
}

async function readUint16(bytes: ByteReader): Promise<number> {
  return (await bytes.exactly(2)).reduce((number, byte) => number * 256 + byte, 0);
}

/** Section 1.2: seven bits a byte, least significant first, no longer than needed. */
function readInteger(fields: { readonly bytes: Uint8Array; at: number }): number {
  let value = 0;
  for (let index = 0; index < 9; index += 1) {
    const byte = fields.bytes[fields.at];
    if (byte === undefined) break;
    fields.at += 1;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte >= 0x80) continue;
    if ((byte === 0 && index > 0) || !Number.isSafeInteger(value)) break;
    return value;
  }
  throw new DecoderError("a number that cannot be read");
}

function integer(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 0x80);
  }
}

function checkCrc(bytes: Uint8Array, stored: Uint8Array): void {
  if (crc32(bytes) !== uint32(stored)) throw new DecoderError("a checksum that is wrong");
}

function uint32(bytes: Uint8Array): number {
  return bytes.subarray(0, 4).reduceRight((number, byte) => number * 256 + byte, 0);
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}
