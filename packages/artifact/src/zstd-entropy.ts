import { DecoderError } from "./decoder-error.ts";

// The two entropy coders of Zstandard: FSE (RFC 8878 section 4.1) and Huffman (section 4.2).

const HUFFMAN_BITS_MAX = 11;
const HUFFMAN_WEIGHTS_ACCURACY_MAX = 6;
const HUFFMAN_SYMBOLS_MAX = 256;

export interface FseTable {
  readonly accuracyLog: number;
  /** By state: the symbol, and how the next state is made of a base and some bits. */
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
}

export interface HuffmanTable {
  readonly bitsMax: number;
  /** By the next `bitsMax` bits: the symbol, and how many of the bits are its own. */
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
}

export interface ReadTable<T> {
  readonly table: T;
  /** Where the bytes after its description start. */
  readonly end: number;
}

/**
 * Reads a bit stream from its end to its start (section 4.1). `left` counts the bits not read yet and goes below zero
 * where the format lets a reader run past the start: those bits are zero.
 */
export class BackwardBits {
  left: number;
  readonly #bytes: Uint8Array;
  readonly #start: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    const last = end > start ? (bytes[end - 1] ?? 0) : 0;
    // The highest bit that is set marks the end; the bits above it are padding.
    if (last === 0) throw new DecoderError("a bit stream without its end mark");
    this.#bytes = bytes;
    this.#start = start;
    this.left = (end - start) * 8 - 8 + highestBit(last);
  }

  /** The next `count` bits, at most 31. */
  read(count: number): number {
    if (count > 24) return this.read(count - 16) * 65536 + this.read(16);
    const position = (this.left -= count);
    const mask = (1 << count) - 1;
    if (position >= 0) return this.#at(position) & mask;
    return -position >= count ? 0 : (this.#at(0) << -position) & mask;
  }

  /** At least 25 bits from bit `position` on. Bytes past the stream only fill bits that the caller masks away. */
  #at(position: number): number {
    const bytes = this.#bytes;
    const index = this.#start + (position >>> 3);
    return (
      ((bytes[index] ?? 0) |
        ((bytes[index + 1] ?? 0) << 8) |
        ((bytes[index + 2] ?? 0) << 16) |
        ((bytes[index + 3] ?? 0) << 24)) >>>
      (position & 7)
    );
  }
}

/** Index of the highest bit set; -1 for zero. */
function highestBit(value: number): number {
  return 31 - Math.clz32(value);
}

/** Reads the description of an FSE table (section 4.1.1), which lies in `bytes` from `start` up to at most `end`. */
export function readFseTable(
  bytes: Uint8Array,
  start: number,
  end: number,
  accuracyLogMax: number,
  symbolsMax: number,
): ReadTable<FseTable> {
  let position = start * 8;
  const read = (count: number): number => {
    const index = position >>> 3;
    const word =
      (bytes[index] ?? 0) | ((bytes[index + 1] ?? 0) << 8) | ((bytes[index + 2] ?? 0) << 16);
    const value = (word >>> (position & 7)) & ((1 << count) - 1);
    position += count;
    if (position > end * 8) throw new DecoderError("an FSE table that is cut off");
    return value;
  };

  const accuracyLog = read(4) + 5;
  if (accuracyLog > accuracyLogMax) throw new DecoderError("an FSE table of too high accuracy");
  const counts: number[] = [];
  let remaining = 1 << accuracyLog;
  while (remaining > 0) {
    const bits = highestBit(remaining + 1) + 1;
    const lowMask = (1 << (bits - 1)) - 1;
    const threshold = (1 << bits) - 1 - (remaining + 1);
    // Small values take one bit less than large ones.
    let value = read(bits - 1);
    if (value >= threshold) {
      value |= read(1) << (bits - 1);
      if (value > lowMask) value -= threshold;
    }
    const count = value - 1;
    remaining -= Math.abs(count);
    counts.push(count);
    for (let zeros = count === 0 ? 3 : 0; zeros === 3;) {
      zeros = read(2);
      for (let index = 0; index < zeros; index += 1) counts.push(0);
    }
    if (counts.length > symbolsMax) throw new DecoderError("an FSE table of too many symbols");
  }
  return { table: buildFseTable(counts, accuracyLog), end: (position + 7) >>> 3 };
}

/** Spreads symbols over the states (section 4.1.1). A count of -1 is "less than one": a single state that resets. */
export function buildFseTable(counts: readonly number[], accuracyLog: number): FseTable {
  const size = 1 << accuracyLog;
  const symbols = new Uint8Array(size);
  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  const next = counts.map((count) => Math.abs(count));

  let high = size;
  for (const [symbol, count] of counts.entries())
    if (count === -1) {
      high -= 1;
      symbols[high] = symbol;
    }
  const step = (size >>> 1) + (size >>> 3) + 3;
  let position = 0;
  for (const [symbol, count] of counts.entries())
    for (let index = 0; index < count; index += 1) {
      symbols[position] = symbol;
      do position = (position + step) & (size - 1);
      while (position >= high);
    }
  if (position !== 0) throw new DecoderError("an FSE table that does not add up");

  for (let state = 0; state < size; state += 1) {
    const symbol = symbols[state] ?? 0;
    const occurrence = next[symbol] ?? 0;
    next[symbol] = occurrence + 1;
    const stateBits = accuracyLog - highestBit(occurrence);
    bits[state] = stateBits;
    bases[state] = (occurrence << stateBits) - size;
  }
  return { accuracyLog, symbols, bits, bases };
}

/** The table whose every state is one symbol, for the RLE mode of sequences (section 3.1.1.3.2.1). */
export function singleSymbolTable(symbol: number): FseTable {
  return {
    accuracyLog: 0,
    symbols: Uint8Array.of(symbol),
    bits: Uint8Array.of(0),
    bases: Uint16Array.of(0),
  };
}

/** Reads the description of a Huffman table (section 4.2.1). */
export function readHuffmanTable(
  bytes: Uint8Array,
  start: number,
  end: number,
): ReadTable<HuffmanTable> {
  const header = bytes[start] ?? 0;
  const direct = header - 127;
  const tableEnd = start + 1 + (direct > 0 ? (direct + 1) >>> 1 : header);
  if (start >= end || tableEnd > end) throw new DecoderError("a Huffman table that is cut off");
  const weights =
    direct > 0
      ? Array.from({ length: direct }, (_, index) => {
          const pair = bytes[start + 1 + (index >>> 1)] ?? 0;
          return index % 2 === 0 ? pair >>> 4 : pair & 15;
        })
      : readFseWeights(bytes, start + 1, tableEnd);
  return { table: buildHuffmanTable(weights), end: tableEnd };
}

/** Two interleaved FSE states until the bits run out (section 4.2.1.2). */
function readFseWeights(bytes: Uint8Array, start: number, end: number): number[] {
  const { table, end: streamStart } = readFseTable(
    bytes,
    start,
    end,
    HUFFMAN_WEIGHTS_ACCURACY_MAX,
    HUFFMAN_BITS_MAX + 1,
  );
  const stream = new BackwardBits(bytes, streamStart, end);
  const states = [stream.read(table.accuracyLog), stream.read(table.accuracyLog)];
  if (stream.left < 0) throw new DecoderError("Huffman weights that are cut off");

  const weights: number[] = [];
  for (let turn = 0; ; turn ^= 1) {
    const state = states[turn] ?? 0;
    weights.push(table.symbols[state] ?? 0);
    states[turn] = (table.bases[state] ?? 0) + stream.read(table.bits[state] ?? 0);
    if (stream.left < 0) {
      weights.push(table.symbols[states[turn ^ 1] ?? 0] ?? 0);
      return weights;
    }
    // A table of one symbol takes no bits, so only this ends the loop for it.
    if (weights.length >= HUFFMAN_SYMBOLS_MAX) throw new DecoderError("too many Huffman weights");
  }
}

/** From the weights of all symbols but the last, whose weight completes the code (section 4.2.1). */
function buildHuffmanTable(weights: readonly number[]): HuffmanTable {
  let sum = 0;
  for (const weight of weights) {
    if (weight > HUFFMAN_BITS_MAX) throw new DecoderError("a Huffman weight that is too large");
    sum += weight > 0 ? 1 << (weight - 1) : 0;
  }
  const bitsMax = highestBit(sum) + 1;
  const size = 1 << bitsMax;
  const rest = size - sum;
  if (sum === 0 || bitsMax > HUFFMAN_BITS_MAX || (rest & (rest - 1)) !== 0)
    throw new DecoderError("Huffman weights that do not add up");
  const lengths = [...weights, highestBit(rest) + 1].map((weight) =>
    weight > 0 ? bitsMax + 1 - weight : 0,
  );
  if (lengths.length > HUFFMAN_SYMBOLS_MAX) throw new DecoderError("too many Huffman weights");

  // The longest codes come first; codes of one length in the order of their symbols.
  const symbols = new Uint8Array(size);
  const bits = new Uint8Array(size);
  let code = 0;
  for (let length = bitsMax; length > 0; length -= 1)
    for (const [symbol, own] of lengths.entries()) {
      if (own !== length) continue;
      const span = 1 << (bitsMax - length);
      symbols.fill(symbol, code, code + span);
      bits.fill(length, code, code + span);
      code += span;
    }
  if (code !== size) throw new DecoderError("Huffman weights that do not add up");
  return { bitsMax, symbols, bits };
}
