import zlib from "node:zlib";
import { concatBytes } from "@moult/base";
import { ByteReader } from "./byte-reader.ts";
import { DecoderError } from "./decoder-error.ts";
import { SlidingWindow } from "./sliding-window.ts";
import { through } from "./through.ts";
import type { HuffmanTable } from "./zstd-entropy.ts";
import { ZSTD_BLOCK_BYTES_MAX, readLiterals } from "./zstd-literals.ts";
import { newSequenceState, runSequences, type SequenceState } from "./zstd-sequences.ts";

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC_MIN = 0x184d2a50;
const SKIPPABLE_MAGIC_MAX = 0x184d2a5f;
const NATIVE_CHUNK_BYTES = 256 * 1024;

/** `native` is Node's own, from 22.15 on; `portable` is the one here. */
export type ZstdEngine = "native" | "portable";

/** Whether this Node can read and write zst itself. */
export function hasNativeZstd(): boolean {
  return typeof zlib.createZstdDecompress === "function";
}

/** A frame header (RFC 8878 section 3.1.1.1), magic number included. */
interface FrameHeader {
  readonly stored: Uint8Array;
  readonly windowBytes: number;
  /** Undefined when the frame does not say. */
  readonly contentBytes: number | undefined;
  readonly hasChecksum: boolean;
}

/** A block (section 3.1.1.2): raw, RLE or compressed by `type`. `stored` leaves out the header. */
interface Block {
  readonly header: number;
  readonly type: number;
  readonly size: number;
  readonly stored: Uint8Array;
}

/**
 * Decompresses Zstandard (RFC 8878), block by block, with no more memory than the window.
 *
 * Frames and blocks are walked here for both engines. Node's stops after the first frame, though its own compressor
 * writes an empty second one; and so both refuse the same: dictionaries, windows that are too large, sizes that are
 * not true, data after the end. The portable engine does not compute the content checksum: every byte that is used
 * out of an artifact is covered by a SHA-256 in its manifest.
 */
export async function* unzstd(
  source: AsyncIterable<Uint8Array>,
  windowBytesMax: number,
  engine: ZstdEngine = hasNativeZstd() ? "native" : "portable",
): AsyncGenerator<Uint8Array> {
  const bytes = new ByteReader(source, () => new DecoderError("a frame that is cut off"));
  try {
    let isEmpty = true;
    for (let magic = await readMagic(bytes); magic !== undefined; magic = await readMagic(bytes)) {
      const number = littleEndian(magic);
      isEmpty = false;
      if (number === FRAME_MAGIC) yield* readFrame(bytes, magic, windowBytesMax, engine);
      else if (number >= SKIPPABLE_MAGIC_MIN && number <= SKIPPABLE_MAGIC_MAX)
        await skip(bytes, littleEndian(await bytes.exactly(4)));
      else throw new DecoderError("not Zstandard data");
    }
    if (isEmpty) throw new DecoderError("no data");
  } finally {
    await bytes.close();
  }
}

async function* readFrame(
  bytes: ByteReader,
  magic: Uint8Array,
  windowBytesMax: number,
  engine: ZstdEngine,
): AsyncGenerator<Uint8Array> {
  const header = await readFrameHeader(bytes, magic);
  if (header.windowBytes > windowBytesMax)
    throw new DecoderError("a window that is too large", header.windowBytes);
  let contentBytes = 0;
  const content =
    engine === "native" ? nativeContent(bytes, header) : portableContent(bytes, header);
  for await (const part of content) {
    contentBytes += part.length;
    yield part;
  }
  if (contentBytes !== (header.contentBytes ?? contentBytes))
    throw new DecoderError("a frame whose content has another size than it says");
}

function nativeContent(bytes: ByteReader, header: FrameHeader): AsyncIterable<Uint8Array> {
  const stored = async function* (): AsyncGenerator<Uint8Array> {
    yield header.stored;
    for await (const block of readBlocks(bytes))
      yield concatBytes([
        Uint8Array.of(block.header, block.header >>> 8, block.header >>> 16),
        block.stored,
      ]);
    if (header.hasChecksum) yield await bytes.exactly(4);
  };
  // The window was checked above, more exactly than this limit could.
  const params = { [zlib.constants.ZSTD_d_windowLogMax]: 31 };
  return through(stored(), zlib.createZstdDecompress({ chunkSize: NATIVE_CHUNK_BYTES, params }));
}

async function* portableContent(
  bytes: ByteReader,
  { windowBytes, hasChecksum }: FrameHeader,
): AsyncGenerator<Uint8Array> {
  const window = new SlidingWindow(Math.max(windowBytes, ZSTD_BLOCK_BYTES_MAX));
  const sequences = newSequenceState();
  let huffman: HuffmanTable | undefined;
  for await (const block of readBlocks(bytes)) {
    window.reserve(ZSTD_BLOCK_BYTES_MAX);
    const start = window.end;
    huffman = decodeBlock(block, huffman, sequences, window);
    if (window.end > start) yield window.since(start);
  }
  if (hasChecksum) await bytes.exactly(4);
}

/** Appends a block's content and returns the Huffman table that is in force after it. */
function decodeBlock(
  { type, size, stored }: Block,
  huffmanBefore: HuffmanTable | undefined,
  sequences: SequenceState,
  window: SlidingWindow,
): HuffmanTable | undefined {
  if (type === 0) window.append(stored);
  if (type === 1) window.append(new Uint8Array(size).fill(stored[0] ?? 0));
  if (type !== 2) return huffmanBefore;
  const { bytes, end, huffman } = readLiterals(stored, huffmanBefore);
  runSequences(stored, end, bytes, sequences, window);
  return huffman;
}

async function* readBlocks(bytes: ByteReader): AsyncGenerator<Block> {
  for (let isLast = false; !isLast;) {
    const header = littleEndian(await bytes.exactly(3));
    isLast = (header & 1) === 1;
    const type = (header >>> 1) & 3;
    const size = header >>> 3;
    if (type === 3) throw new DecoderError("a block of a kind that does not exist");
    if (size > ZSTD_BLOCK_BYTES_MAX) throw new DecoderError("a block that is too long");
    yield { header, type, size, stored: await bytes.exactly(type === 1 ? 1 : size) };
  }
}

async function readFrameHeader(bytes: ByteReader, magic: Uint8Array): Promise<FrameHeader> {
  const descriptorByte = await bytes.exactly(1);
  const descriptor = littleEndian(descriptorByte);
  if ((descriptor & 8) !== 0) throw new DecoderError("a frame header of the future");
  const isSingleSegment = (descriptor & 32) !== 0;
  const sizeFlag = descriptor >>> 6;
  const sizeLength = sizeFlag === 0 ? Number(isSingleSegment) : 2 ** sizeFlag;

  const windowByte = await bytes.exactly(isSingleSegment ? 0 : 1);
  const dictionary = await bytes.exactly([0, 1, 2, 4][descriptor & 3] ?? 0);
  const sizeBytes = await bytes.exactly(sizeLength);
  if (littleEndian(dictionary) !== 0) throw new DecoderError("a frame that needs a dictionary");
  const contentBytes =
    sizeLength === 0 ? undefined : littleEndian(sizeBytes) + (sizeLength === 2 ? 256 : 0);
  if (contentBytes !== undefined && !Number.isSafeInteger(contentBytes))
    throw new DecoderError("a content size that is not a number");

  const window = littleEndian(windowByte);
  const windowBase = 2 ** (10 + (window >>> 3));
  return {
    stored: concatBytes([magic, descriptorByte, windowByte, dictionary, sizeBytes]),
    windowBytes: isSingleSegment
      ? (contentBytes ?? 0)
      : windowBase + (windowBase / 8) * (window & 7),
    contentBytes,
    hasChecksum: (descriptor & 4) !== 0,
  };
}

async function readMagic(bytes: ByteReader): Promise<Uint8Array | undefined> {
  const first = await bytes.some(1);
  return first === undefined ? undefined : concatBytes([first, await bytes.exactly(3)]);
}

/** A double holds what eight bytes can say, or something that is not a safe integer. */
function littleEndian(bytes: Uint8Array): number {
  return bytes.reduceRight((number, byte) => number * 256 + byte, 0);
}

async function skip(bytes: ByteReader, length: number): Promise<void> {
  for (let left = length; left > 0;) {
    const skipped = await bytes.some(left);
    if (skipped === undefined) throw bytes.truncated();
    left -= skipped.length;
  }
}
