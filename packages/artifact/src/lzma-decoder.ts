import { DecoderError } from "./decoder-error.ts";
import type { SlidingWindow } from "./sliding-window.ts";

// LZMA as in Igor Pavlov's specification ("LZMA specification", LZMA SDK), in the chunked form that LZMA2 gives it.

const PROBABILITY_BITS = 11;
const PROBABILITY_INITIAL = 1 << (PROBABILITY_BITS - 1);
const ADAPTATION_SHIFT = 5;
/**
 * The range and the code are unsigned 32-bit numbers kept as signed ones, which V8 stores without an allocation; flipping
 * the sign bit of both sides makes a signed comparison unsigned.
 */
const SIGN = 0x80000000 | 0;

const STATES = 12;
const POSITION_STATES_MAX = 16;
/** States below this follow a literal. */
const LITERAL_STATES = 7;
const MATCH_LENGTH_MIN = 2;
const LITERAL_CONTEXT = 0x300;

// Where each group of probabilities starts in the one array that holds them.
const IS_MATCH = 0;
const IS_REPEAT = IS_MATCH + STATES * POSITION_STATES_MAX;
const IS_REPEAT_0 = IS_REPEAT + STATES;
const IS_REPEAT_1 = IS_REPEAT_0 + STATES;
const IS_REPEAT_2 = IS_REPEAT_1 + STATES;
const IS_REPEAT_0_LONG = IS_REPEAT_2 + STATES;
const DISTANCE_SLOT = IS_REPEAT_0_LONG + STATES * POSITION_STATES_MAX;
const DISTANCE_SPECIAL = DISTANCE_SLOT + 4 * 64;
const DISTANCE_ALIGN = DISTANCE_SPECIAL + 115;
const MATCH_LENGTH = DISTANCE_ALIGN + 16;
const LENGTH_LOW = 2;
const LENGTH_MIDDLE = LENGTH_LOW + POSITION_STATES_MAX * 8;
const LENGTH_HIGH = LENGTH_MIDDLE + POSITION_STATES_MAX * 8;
const LENGTH_SIZE = LENGTH_HIGH + 256;
const REPEAT_LENGTH = MATCH_LENGTH + LENGTH_SIZE;
const LITERAL = REPEAT_LENGTH + LENGTH_SIZE;
/** LZMA2 allows four bits of literal context and position together. */
const PROBABILITIES = LITERAL + (LITERAL_CONTEXT << 4);

const EMPTY = new Uint8Array(0);

/** Decodes LZMA2's LZMA chunks, keeping the model from chunk to chunk as the chunks' control bytes say. */
export class LzmaDecoder {
  readonly #probabilities = new Uint16Array(PROBABILITIES).fill(PROBABILITY_INITIAL);
  #literalContextBits = 0;
  #literalPositionMask = 0;
  #positionMask = 0;
  #state = 0;
  #distances: [number, number, number, number] = [0, 0, 0, 0];

  #input: Uint8Array = EMPTY;
  #inputAt = 0;
  #range = 0;
  #code = 0;

  /** Takes the properties byte: literal context, literal position and position bits. */
  setProperties(byte: number): void {
    const contextBits = byte % 9;
    const rest = Math.floor(byte / 9);
    const literalPositionBits = rest % 5;
    const positionBits = Math.floor(rest / 5);
    if (positionBits > 4 || contextBits + literalPositionBits > 4)
      throw new DecoderError("LZMA properties that LZMA2 does not allow");
    this.#literalContextBits = contextBits;
    this.#literalPositionMask = (1 << literalPositionBits) - 1;
    this.#positionMask = (1 << positionBits) - 1;
  }

  resetState(): void {
    this.#probabilities.fill(PROBABILITY_INITIAL);
    this.#state = 0;
    this.#distances = [0, 0, 0, 0];
  }

  /**
   * Appends the `length` bytes that `input` holds, for which `window` must have room. `position` is how many bytes the
   * dictionary took before this chunk. Input past its end reads as zeros and is an error in the end, as is input left over.
   */
  decode(input: Uint8Array, length: number, window: SlidingWindow, position: number): void {
    this.#input = input;
    this.#code = 0;
    this.#range = -1;
    if (input[0] !== 0) throw new DecoderError("an LZMA chunk that does not start with zero");
    for (let index = 1; index < 5; index += 1) this.#code = (this.#code << 8) | (input[index] ?? 0);
    this.#inputAt = 5;

    const shift = position - window.end;
    const end = window.end + length;
    while (window.end < end) {
      const at = shift + window.end;
      const positionState = at & this.#positionMask;
      const context = (this.#state << 4) + positionState;
      if (this.#bit(IS_MATCH + context) === 0) this.#literal(window, at);
      else if (this.#bit(IS_REPEAT + this.#state) === 1) this.#repeat(window, positionState, end);
      else this.#match(window, positionState, end);
    }
    if (this.#code !== 0 || this.#inputAt !== input.length)
      throw new DecoderError("an LZMA chunk that does not end where it says");
  }

  #literal(window: SlidingWindow, position: number): void {
    const { bytes, end } = window;
    const previous = end === 0 ? 0 : (bytes[end - 1] ?? 0);
    const context =
      ((position & this.#literalPositionMask) << this.#literalContextBits) +
      (previous >>> (8 - this.#literalContextBits));
    const base = LITERAL + LITERAL_CONTEXT * context;
    let symbol = 1;
    if (this.#state >= LITERAL_STATES) {
      // After a match the byte it would have gone on with predicts, until it is wrong.
      let predicted = bytes[end - this.#distances[0] - 1] ?? 0;
      while (symbol < 0x100) {
        const expected = (predicted >>> 7) & 1;
        predicted <<= 1;
        const bit = this.#bit(base + ((1 + expected) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        if (bit !== expected) break;
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(base + symbol);
    bytes[end] = symbol;
    window.end = end + 1;
    const state = this.#state;
    this.#state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
  }

  /** A match at one of the four most recent distances. */
  #repeat(window: SlidingWindow, positionState: number, end: number): void {
    const state = this.#state;
    const distances = this.#distances;
    if (this.#bit(IS_REPEAT_0 + state) === 0) {
      if (this.#bit(IS_REPEAT_0_LONG + (state << 4) + positionState) === 0) {
        this.#state = state < LITERAL_STATES ? 9 : 11;
        copyMatch(window, distances[0], 1, end);
        return;
      }
    } else {
      let which: 1 | 2 | 3 = 1;
      if (this.#bit(IS_REPEAT_1 + state) === 1)
        which = this.#bit(IS_REPEAT_2 + state) === 0 ? 2 : 3;
      const distance = distances[which];
      if (which === 3) distances[3] = distances[2];
      if (which >= 2) distances[2] = distances[1];
      distances[1] = distances[0];
      distances[0] = distance;
    }
    const length = this.#length(REPEAT_LENGTH, positionState);
    this.#state = state < LITERAL_STATES ? 8 : 11;
    copyMatch(window, distances[0], length + MATCH_LENGTH_MIN, end);
  }

  #match(window: SlidingWindow, positionState: number, end: number): void {
    const length = this.#length(MATCH_LENGTH, positionState);
    this.#state = this.#state < LITERAL_STATES ? 7 : 10;
    const distances = this.#distances;
    distances[3] = distances[2];
    distances[2] = distances[1];
    distances[1] = distances[0];
    distances[0] = this.#distance(length);
    copyMatch(window, distances[0], length + MATCH_LENGTH_MIN, end);
  }

  #length(base: number, positionState: number): number {
    if (this.#bit(base) === 0) return this.#tree(base + LENGTH_LOW + positionState * 8, 3);
    if (this.#bit(base + 1) === 0)
      return 8 + this.#tree(base + LENGTH_MIDDLE + positionState * 8, 3);
    return 16 + this.#tree(base + LENGTH_HIGH, 8);
  }

  #distance(length: number): number {
    const slot = this.#tree(DISTANCE_SLOT + Math.min(length, 3) * 64, 6);
    if (slot < 4) return slot;
    const bits = (slot >>> 1) - 1;
    const high = ((2 | (slot & 1)) << bits) >>> 0;
    if (slot < 14) return high + this.#reverseTree(DISTANCE_SPECIAL + high - slot, bits);
    const direct = this.#directBits(bits - 4) * 16;
    return high + direct + this.#reverseTree(DISTANCE_ALIGN, 4);
  }

  #tree(base: number, bits: number): number {
    let symbol = 1;
    for (let index = 0; index < bits; index += 1) symbol = (symbol << 1) | this.#bit(base + symbol);
    return symbol - (1 << bits);
  }

  #reverseTree(base: number, bits: number): number {
    let node = 1;
    let symbol = 0;
    for (let index = 0; index < bits; index += 1) {
      const bit = this.#bit(base + node);
      node = (node << 1) | bit;
      symbol |= bit << index;
    }
    return symbol;
  }

  #directBits(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index += 1) {
      this.#range = this.#range >>> 1;
      const isSet = (this.#code ^ SIGN) >= (this.#range ^ SIGN);
      if (isSet) this.#code = (this.#code - this.#range) | 0;
      value = value * 2 + (isSet ? 1 : 0);
      if (this.#range >>> 24 === 0) this.#normalize();
    }
    return value;
  }

  /** One bit by the probability at `index`, which learns from it. */
  #bit(index: number): 0 | 1 {
    const probabilities = this.#probabilities;
    const probability = probabilities[index] ?? 0;
    const bound = Math.imul(this.#range >>> PROBABILITY_BITS, probability);
    if ((this.#code ^ SIGN) < (bound ^ SIGN)) {
      this.#range = bound;
      probabilities[index] =
        probability + (((1 << PROBABILITY_BITS) - probability) >>> ADAPTATION_SHIFT);
      if (bound >>> 24 === 0) this.#normalize();
      return 0;
    }
    const range = (this.#range - bound) | 0;
    this.#range = range;
    this.#code = (this.#code - bound) | 0;
    probabilities[index] = probability - (probability >>> ADAPTATION_SHIFT);
    if (range >>> 24 === 0) this.#normalize();
    return 1;
  }

  #normalize(): void {
    this.#range <<= 8;
    this.#code = (this.#code << 8) | (this.#input[this.#inputAt] ?? 0);
    this.#inputAt += 1;
  }
}

/** `distance` counts from zero for the byte just written. A match must not pass the end of its chunk. */
function copyMatch(window: SlidingWindow, distance: number, length: number, end: number): void {
  const to = window.end;
  if (distance >= to || to + length > end) throw new DecoderError("a match that reaches too far");
  const { bytes } = window;
  const from = to - distance - 1;
  for (let index = 0; index < length; index += 1) bytes[to + index] = bytes[from + index] ?? 0;
  window.end = to + length;
}
