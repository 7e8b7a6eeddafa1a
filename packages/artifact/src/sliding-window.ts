import { assert } from "@moult/base";

/** Room for output between two moves of the window, so that moving it costs little per byte. */
const ROOM_BYTES_MIN = 4 * 1024 * 1024;
const INITIAL_BYTES = 64 * 1024;

/**
 * The last `windowBytes` of a decoder's output, which matches may copy from, and room to append to.
 *
 * `bytes` and `end` are public because the decoders' inner loops write through them: after `reserve(n)`, `n` bytes may be
 * written from `end` on. Memory grows with what is really written: a stream that asks for a large window and holds
 * little costs little.
 */
export class SlidingWindow {
  bytes: Uint8Array = new Uint8Array(INITIAL_BYTES);
  end = 0;
  readonly #windowBytes: number;
  readonly #capacity: number;

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
    this.#capacity = windowBytes + Math.max(ROOM_BYTES_MIN, windowBytes >>> 2);
  }

  /** Makes room for `length` more bytes and keeps the window before them. */
  reserve(length: number): void {
    assert(length <= ROOM_BYTES_MIN, "a decoder appends less than the room at a time");
    if (this.bytes.length - this.end >= length) return;
    if (this.end + length <= this.#capacity) {
      const larger = new Uint8Array(
        Math.min(this.#capacity, Math.max(this.bytes.length * 2, this.end + length)),
      );
      larger.set(this.bytes.subarray(0, this.end));
      this.bytes = larger;
      return;
    }
    this.bytes.copyWithin(0, this.end - this.#windowBytes, this.end);
    this.end = this.#windowBytes;
  }

  /** Forgets the window: what comes next may not refer to what was before. */
  reset(): void {
    this.end = 0;
  }

  /** Appends bytes as they are, after `reserve`. */
  append(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.end);
    this.end += bytes.length;
  }

  /** A copy of what was appended since `start`; the caller may keep it. */
  since(start: number): Uint8Array {
    return this.bytes.slice(start, this.end);
  }
}
