import { ByteReader } from "./byte-reader.ts";
import { DecoderError } from "./decoder-error.ts";
import { SlidingWindow } from "./sliding-window.ts";
import type { HuffmanTable } from "./zstd-entropy.ts";
import { ZSTD_BLOCK_BYTES_MAX, readLiterals } from "./zstd-literals.ts";
import { newSequenceState, runSequences, type SequenceState } from "./zstd-sequences.ts";

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC_MIN = 0x184d2a50;
const SKIPPABLE_MAGIC_MAX = 0x184d2a5f;

interface FrameHeader {
  readonly windowBytes: number;
  /** Undefined when the frame does not say. */
  readonly contentBytes: number | undefined;
  readonly hasChecksum: boolean;
}

/** What the blocks of one frame share. */
interface FrameState {
  readonly window: SlidingWindow;
  readonly sequences: SequenceState;
  huffman: HuffmanTable | undefined;
}

/**
 * Decompresses Zstandard (RFC 8878), one block of at most 128 KiB at a time, with no more memory than the window.
 *
 * Refuses dictionaries. Does not compute the content checksum: every byte that is used out of an artifact is covered by
 * a SHA-256 in its manifest. For Node versions without `zlib.createZstdDecompress`.
 */
export async function* unzstd(
  source: AsyncIterable<Uint8Array>,
  windowBytesMax: number,
): AsyncGenerator<Uint8Array> {
  const bytes = new ByteReader(source, () => new DecoderError("a frame that is cut off"));
  try {
    let isEmpty = true;
    for (let magic = await readMagic(bytes); magic !== undefined; magic = await readMagic(bytes)) {
      isEmpty = false;
      if (magic === FRAME_MAGIC) yield* readFrame(bytes, windowBytesMax);
      else if (magic >= SKIPPABLE_MAGIC_MIN && magic <= SKIPPABLE_MAGIC_MAX)
        await skip(bytes, await readNumber(bytes, 4));
      else throw new DecoderError("not Zstandard data");
    }
    if (isEmpty) throw new DecoderError("no data");
  } finally {
    await bytes.close();
  }
}

async function* readFrame(bytes: ByteReader, windowBytesMax: number): AsyncGenerator<Uint8Array> {
  const header = await readFrameHeader(bytes);
  if (header.windowBytes > windowBytesMax)
    throw new DecoderError("a window that is too large", header.windowBytes);
  const frame: FrameState = {
    window: new SlidingWindow(Math.max(header.windowBytes, ZSTD_BLOCK_BYTES_MAX)),
    sequences: newSequenceState(),
    huffman: undefined,
  };
  let produced = 0;
  for (let isLast = false; !isLast;) {
    const block = await readNumber(bytes, 3);
    isLast = (block & 1) === 1;
    const content = await readBlock(bytes, (block >>> 1) & 3, block >>> 3, frame);
    produced += content.length;
    if (content.length > 0) yield content;
  }
  if (header.contentBytes !== undefined && produced !== header.contentBytes)
    throw new DecoderError("a frame whose content has another size than it says");
  if (header.hasChecksum) await bytes.exactly(4);
}

/** Section 3.1.1.1. */
async function readFrameHeader(bytes: ByteReader): Promise<FrameHeader> {
  const descriptor = await readNumber(bytes, 1);
  if ((descriptor & 8) !== 0) throw new DecoderError("a frame header of the future");
  const isSingleSegment = (descriptor & 32) !== 0;
  const sizeFlag = descriptor >>> 6;

  const window = isSingleSegment ? 0 : await readNumber(bytes, 1);
  const dictionary = await readNumber(bytes, [0, 1, 2, 4][descriptor & 3] ?? 0);
  if (dictionary !== 0) throw new DecoderError("a frame that needs a dictionary");
  const sizeLength = sizeFlag === 0 ? Number(isSingleSegment) : 2 ** sizeFlag;
  const stored = await readNumber(bytes, sizeLength);
  const contentBytes = sizeLength === 0 ? undefined : stored + (sizeLength === 2 ? 256 : 0);
  if (contentBytes !== undefined && !Number.isSafeInteger(contentBytes))
    throw new DecoderError("a content size that is not a number");

  const windowBase = 2 ** (10 + (window >>> 3));
  return {
    windowBytes: isSingleSegment
      ? (contentBytes ?? 0)
      : windowBase + (windowBase / 8) * (window & 7),
    contentBytes,
    hasChecksum: (descriptor & 4) !== 0,
  };
}

/** Section 3.1.1.2: raw, RLE or compressed. */
async function readBlock(
  bytes: ByteReader,
  type: number,
  size: number,
  frame: FrameState,
): Promise<Uint8Array> {
  if (size > ZSTD_BLOCK_BYTES_MAX) throw new DecoderError("a block that is too long");
  const { window } = frame;
  window.reserve(ZSTD_BLOCK_BYTES_MAX);
  const start = window.end;
  switch (type) {
    case 0:
      window.append(await bytes.exactly(size));
      break;
    case 1:
      window.append(new Uint8Array(size).fill(await readNumber(bytes, 1)));
      break;
    case 2: {
      const block = await bytes.exactly(size);
      const literals = readLiterals(block, frame.huffman);
      frame.huffman = literals.huffman;
      runSequences(block, literals.end, literals.bytes, frame.sequences, window);
      break;
    }
    default:
      throw new DecoderError("a block of a kind that does not exist");
  }
  return window.since(start);
}

async function readMagic(bytes: ByteReader): Promise<number | undefined> {
  const first = await bytes.some(1);
  return first === undefined ? undefined : (await readNumber(bytes, 3)) * 256 + (first[0] ?? 0);
}

/** Little-endian; a double holds what eight bytes can say, or something that is not a safe integer. */
async function readNumber(bytes: ByteReader, length: number): Promise<number> {
  return (await bytes.exactly(length)).reduceRight((number, byte) => number * 256 + byte, 0);
}

async function skip(bytes: ByteReader, length: number): Promise<void> {
  for (let left = length; left > 0;) {
    const skipped = await bytes.some(left);
    if (skipped === undefined) throw bytes.truncated();
    left -= skipped.length;
  }
}
