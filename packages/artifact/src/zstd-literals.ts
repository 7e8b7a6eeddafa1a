import { DecoderError } from "./decoder-error.ts";
import {
  BackwardBits,
  readHuffmanTable,
  type HuffmanTable,
  type ReadTable,
} from "./zstd-entropy.ts";

/** No block's content, and so no block's literals, are longer (RFC 8878 section 3.1.1.2.4). */
export const ZSTD_BLOCK_BYTES_MAX = 128 * 1024;

export interface Literals {
  readonly bytes: Uint8Array;
  /** The table in force after this section, for a later block that says "as before". */
  readonly huffman: HuffmanTable | undefined;
  /** Where the sequences section starts. */
  readonly end: number;
}

interface LiteralsHeader {
  readonly type: number;
  readonly size: number;
  /** Of the compressed literals; zero for the kinds that are not compressed. */
  readonly storedSize: number;
  readonly isFourStreams: boolean;
  readonly end: number;
}

/** Reads the literals section of a compressed block (RFC 8878 section 3.1.1.3.1). */
export function readLiterals(block: Uint8Array, huffmanBefore: HuffmanTable | undefined): Literals {
  const header = readLiteralsHeader(block);
  const { type, size, storedSize } = header;
  if (size > ZSTD_BLOCK_BYTES_MAX) throw new DecoderError("literals longer than a block");

  if (type === 0 || type === 1) {
    const end = header.end + (type === 0 ? size : 1);
    if (end > block.length) throw new DecoderError("literals that are cut off");
    const bytes =
      type === 0
        ? block.subarray(header.end, end)
        : new Uint8Array(size).fill(block[header.end] ?? 0);
    return { bytes, huffman: huffmanBefore, end };
  }

  const end = header.end + storedSize;
  if (end > block.length) throw new DecoderError("literals that are cut off");
  const { table, end: streams } = huffmanTable(block, header, end, huffmanBefore);
  const bytes = new Uint8Array(size);
  if (header.isFourStreams) readFourStreams(block, streams, end, table, bytes);
  else readStream(block, streams, end, table, bytes);
  return { bytes, huffman: table, end };
}

function huffmanTable(
  block: Uint8Array,
  header: LiteralsHeader,
  end: number,
  before: HuffmanTable | undefined,
): ReadTable<HuffmanTable> {
  if (header.type === 2) return readHuffmanTable(block, header.end, end);
  if (before === undefined) throw new DecoderError("literals that refer to no Huffman table");
  return { table: before, end: header.end };
}

function readLiteralsHeader(block: Uint8Array): LiteralsHeader {
  const first = block[0] ?? 0;
  const type = first & 3;
  const format = (first >>> 2) & 3;
  const isCompressed = type >= 2;
  const length = isCompressed ? ([3, 3, 4, 5][format] ?? 0) : ([1, 2, 1, 3][format] ?? 0);
  if (length > block.length) throw new DecoderError("a literals header that is cut off");

  // Five bytes hold 40 bits: more than a 32-bit operation can, but a double holds them exactly.
  let word = 0;
  for (let index = length - 1; index >= 0; index -= 1) word = word * 256 + (block[index] ?? 0);
  if (!isCompressed) {
    const size = Math.floor(word / (format % 2 === 0 ? 8 : 16));
    return { type, size, storedSize: 0, isFourStreams: false, end: length };
  }
  const sizes = Math.floor(word / 16);
  const span = 2 ** ([10, 10, 14, 18][format] ?? 0);
  return {
    type,
    size: sizes % span,
    storedSize: Math.floor(sizes / span),
    isFourStreams: format !== 0,
    end: length,
  };
}

/** A jump table of three sizes, then four streams that each give a quarter (section 3.1.1.3.1.6). */
function readFourStreams(
  block: Uint8Array,
  start: number,
  end: number,
  table: HuffmanTable,
  output: Uint8Array,
): void {
  const quarter = (output.length + 3) >>> 2;
  let from = start + 6;
  if (from > end || quarter * 3 > output.length)
    throw new DecoderError("four streams that are cut off");
  for (let stream = 0; stream < 4; stream += 1) {
    const sizeAt = start + stream * 2;
    const to = stream === 3 ? end : from + ((block[sizeAt] ?? 0) | ((block[sizeAt + 1] ?? 0) << 8));
    if (to > end) throw new DecoderError("four streams that are cut off");
    const outputEnd = stream === 3 ? output.length : quarter * (stream + 1);
    readStream(block, from, to, table, output.subarray(quarter * stream, outputEnd));
    from = to;
  }
}

/** Fills `output` from one Huffman stream, which must hold exactly that much. */
function readStream(
  block: Uint8Array,
  start: number,
  end: number,
  { bitsMax, symbols, bits }: HuffmanTable,
  output: Uint8Array,
): void {
  let left = new BackwardBits(block, start, end).left;
  const mask = (1 << bitsMax) - 1;
  for (let index = 0; index < output.length; index += 1) {
    // The next code, with zeros below the last bits of the stream.
    const position = left - bitsMax;
    const at = start + (position > 0 ? position >>> 3 : 0);
    const word = (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8) | ((block[at + 2] ?? 0) << 16);
    const code = (position >= 0 ? word >>> (position & 7) : word << -position) & mask;
    output[index] = symbols[code] ?? 0;
    left -= bits[code] ?? 0;
    if (left < 0) throw new DecoderError("a Huffman stream that is too short");
  }
  if (left !== 0) throw new DecoderError("a Huffman stream that is too long");
}
