import { DecoderError } from "./decoder-error.ts";
import type { SlidingWindow } from "./sliding-window.ts";
import {
  BackwardBits,
  buildFseTable,
  readFseTable,
  singleSymbolTable,
  type FseTable,
  type ReadTable,
} from "./zstd-entropy.ts";
import { ZSTD_BLOCK_BYTES_MAX } from "./zstd-literals.ts";

/** The tables in force, for a later block that says "as before". */
interface SequenceTables {
  readonly literalLengths: FseTable;
  readonly offsets: FseTable;
  readonly matchLengths: FseTable;
}

/** What the sequences of one frame remember from block to block. */
export interface SequenceState {
  tables: SequenceTables | undefined;
  /** The three most recent offsets (RFC 8878 section 3.1.1.5), newest first. */
  recentOffsets: [number, number, number];
}

export function newSequenceState(): SequenceState {
  return { tables: undefined, recentOffsets: [1, 4, 8] };
}

/** Below this the call of a native copy costs more than a loop. */
const NATIVE_COPY_MIN = 64;

interface CodeKind {
  readonly accuracyLogMax: number;
  readonly symbolsMax: number;
  readonly predefined: FseTable;
}

// RFC 8878 section 3.1.1.3.2.2: the predefined distributions.
const ones = (count: number): number[] => Array.from({ length: count }, () => 1);
const twos = (count: number): number[] => Array.from({ length: count }, () => 2);
const rare = (count: number): number[] => Array.from({ length: count }, () => -1);

const LITERAL_LENGTHS: CodeKind = {
  accuracyLogMax: 9,
  symbolsMax: 36,
  predefined: buildFseTable(
    [4, 3, ...twos(11), ...ones(3), ...twos(9), 3, 2, ...ones(5), ...rare(4)],
    6,
  ),
};
const OFFSETS: CodeKind = {
  accuracyLogMax: 8,
  // Code 31 would be an offset of 2 GiB, past every window there may be.
  symbolsMax: 31,
  predefined: buildFseTable([...ones(6), ...twos(3), ...ones(15), ...rare(5)], 5),
};
const MATCH_LENGTHS: CodeKind = {
  accuracyLogMax: 9,
  symbolsMax: 53,
  predefined: buildFseTable([1, 4, 3, ...twos(6), ...ones(37), ...rare(7)], 6),
};

// RFC 8878 section 3.1.1.3.2.1.1: each code is a base and some bits; the bases follow from the bits.
const LITERAL_LENGTH_BITS = Uint8Array.of(
  ...Array.from({ length: 16 }, () => 0),
  ...ones(4),
  ...twos(2),
  3,
  3,
  4,
  6,
  7,
  8,
  9,
  10,
  11,
  12,
  13,
  14,
  15,
  16,
);
const MATCH_LENGTH_BITS = Uint8Array.of(
  ...Array.from({ length: 32 }, () => 0),
  ...ones(4),
  ...twos(2),
  3,
  3,
  4,
  4,
  5,
  7,
  8,
  9,
  10,
  11,
  12,
  13,
  14,
  15,
  16,
);
const LITERAL_LENGTH_BASES = bases(LITERAL_LENGTH_BITS, 0);
const MATCH_LENGTH_BASES = bases(MATCH_LENGTH_BITS, 3);

function bases(bits: Uint8Array, first: number): Uint32Array {
  let base = first;
  return Uint32Array.from(bits, (count) => {
    const own = base;
    base += 1 << count;
    return own;
  });
}

/**
 * Reads the sequences section of a compressed block, which starts at `start`, and appends the block's content to
 * `window`, where a whole block must have been reserved (RFC 8878 sections 3.1.1.3.2 and 3.1.1.4).
 */
export function runSequences(
  block: Uint8Array,
  start: number,
  literals: Uint8Array,
  state: SequenceState,
  window: SlidingWindow,
): void {
  const { count, end } = readSequenceCount(block, start);
  if (count === 0) {
    if (end !== block.length) throw new DecoderError("a block with bytes after its end");
    window.append(literals);
    return;
  }
  const { table: tables, end: streamStart } = readTables(block, end, state.tables);
  state.tables = tables;
  const used = executeSequences(block, streamStart, count, literals, state, window);
  window.append(literals.subarray(used));
}

function readSequenceCount(block: Uint8Array, start: number): { count: number; end: number } {
  const first = block[start];
  if (first === undefined) throw new DecoderError("a block without sequences");
  const second = block[start + 1] ?? 0;
  if (first < 128) return { count: first, end: start + 1 };
  if (first < 255) return { count: ((first - 128) << 8) + second, end: start + 2 };
  return { count: second + ((block[start + 2] ?? 0) << 8) + 0x7f00, end: start + 3 };
}

function readTables(
  block: Uint8Array,
  start: number,
  before: SequenceTables | undefined,
): ReadTable<SequenceTables> {
  const modes = block[start] ?? 0;
  if (start >= block.length || (modes & 3) !== 0)
    throw new DecoderError("sequences with modes that do not exist");
  const literalLengths = readTable(
    block,
    start + 1,
    modes >>> 6,
    LITERAL_LENGTHS,
    before?.literalLengths,
  );
  const offsets = readTable(block, literalLengths.end, (modes >>> 4) & 3, OFFSETS, before?.offsets);
  const matchLengths = readTable(
    block,
    offsets.end,
    (modes >>> 2) & 3,
    MATCH_LENGTHS,
    before?.matchLengths,
  );
  return {
    table: {
      literalLengths: literalLengths.table,
      offsets: offsets.table,
      matchLengths: matchLengths.table,
    },
    end: matchLengths.end,
  };
}

function readTable(
  block: Uint8Array,
  start: number,
  mode: number,
  { accuracyLogMax, symbolsMax, predefined }: CodeKind,
  before: FseTable | undefined,
): ReadTable<FseTable> {
  if (mode === 0) return { table: predefined, end: start };
  if (mode === 1) {
    const symbol = block[start];
    if (symbol === undefined || symbol >= symbolsMax)
      throw new DecoderError("a sequence code that does not exist");
    return { table: singleSymbolTable(symbol), end: start + 1 };
  }
  if (mode === 2) return readFseTable(block, start, block.length, accuracyLogMax, symbolsMax);
  if (before === undefined) throw new DecoderError("sequences that refer to no table");
  return { table: before, end: start };
}

/** Appends what the sequences give and returns how many literals they used. */
function executeSequences(
  block: Uint8Array,
  start: number,
  count: number,
  literals: Uint8Array,
  state: SequenceState,
  window: SlidingWindow,
): number {
  const { literalLengths, offsets, matchLengths } = state.tables ?? missingTables();
  const stream = new BackwardBits(block, start, block.length);
  let literalState = stream.read(literalLengths.accuracyLog);
  let offsetState = stream.read(offsets.accuracyLog);
  let matchState = stream.read(matchLengths.accuracyLog);
  const outputMax = window.end + ZSTD_BLOCK_BYTES_MAX;
  let used = 0;

  for (let index = 0; index < count; index += 1) {
    const offsetCode = offsets.symbols[offsetState] ?? 0;
    const matchCode = matchLengths.symbols[matchState] ?? 0;
    const literalCode = literalLengths.symbols[literalState] ?? 0;
    const offsetValue = (1 << offsetCode) + stream.read(offsetCode);
    const matchLength =
      (MATCH_LENGTH_BASES[matchCode] ?? 0) + stream.read(MATCH_LENGTH_BITS[matchCode] ?? 0);
    const literalLength =
      (LITERAL_LENGTH_BASES[literalCode] ?? 0) + stream.read(LITERAL_LENGTH_BITS[literalCode] ?? 0);
    if (index < count - 1) {
      literalState = nextState(literalLengths, literalState, stream);
      matchState = nextState(matchLengths, matchState, stream);
      offsetState = nextState(offsets, offsetState, stream);
    }
    const offset = resolveOffset(offsetValue, literalLength, state.recentOffsets);
    if (
      stream.left < 0 ||
      used + literalLength > literals.length ||
      window.end + literalLength + matchLength > outputMax ||
      offset < 1 ||
      offset > window.end + literalLength
    )
      throw new DecoderError("a sequence that reaches too far");
    copySequence(window, literals, used, literalLength, offset, matchLength);
    used += literalLength;
  }
  if (stream.left !== 0) throw new DecoderError("sequences that leave bits over");
  if (window.end + literals.length - used > outputMax)
    throw new DecoderError("a block that is too long");
  return used;
}

function missingTables(): never {
  throw new DecoderError("sequences that refer to no table");
}

function nextState(table: FseTable, state: number, stream: BackwardBits): number {
  return (table.bases[state] ?? 0) + stream.read(table.bits[state] ?? 0);
}

/** Section 3.1.1.5: values up to three mean a recent offset, and one further when the sequence has no literals. */
function resolveOffset(
  value: number,
  literalLength: number,
  recent: [number, number, number],
): number {
  const [newest, second, third] = recent;
  const which = value > 3 ? 4 : value - (literalLength > 0 ? 1 : 0);
  if (which === 0) return newest;
  let offset = value - 3;
  if (which === 1) offset = second;
  else if (which === 2) offset = third;
  else if (which === 3) offset = newest - 1;
  if (which > 1) recent[2] = second;
  recent[1] = newest;
  recent[0] = offset;
  return offset;
}

function copySequence(
  window: SlidingWindow,
  literals: Uint8Array,
  from: number,
  literalLength: number,
  offset: number,
  matchLength: number,
): void {
  const { bytes } = window;
  let to = window.end;
  const literalsEnd = from + literalLength;
  if (literalLength > NATIVE_COPY_MIN) {
    bytes.set(literals.subarray(from, literalsEnd), to);
    to += literalLength;
  } else for (let index = from; index < literalsEnd; index += 1) bytes[to++] = literals[index] ?? 0;

  // Byte by byte unless it is long, because a match may reach into what it writes itself.
  const source = to - offset;
  if (matchLength > NATIVE_COPY_MIN && offset >= matchLength)
    bytes.copyWithin(to, source, source + matchLength);
  else
    for (let index = 0; index < matchLength; index += 1)
      bytes[to + index] = bytes[source + index] ?? 0;
  window.end = to + matchLength;
}
