const EMPTY = new Uint8Array(0);

/**
 * Takes bytes off a stream in the lengths the caller asks for, and never pulls more than it was asked.
 *
 * `onBytes` sees every byte once, in order, when it is taken: a digest kept there covers exactly what was consumed so
 * far, which is how the head of an artifact gets its own digest out of one pass.
 */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #truncated: (endedAt: number) => Error;
  readonly #onBytes: ((bytes: Uint8Array) => void) | undefined;
  #pending: Uint8Array = EMPTY;
  #position = 0;

  /** `truncated` makes the error for a stream that ends too early. */
  constructor(
    source: AsyncIterable<Uint8Array>,
    truncated: (endedAt: number) => Error,
    onBytes?: (bytes: Uint8Array) => void,
  ) {
    this.#source = source[Symbol.asyncIterator]();
    this.#truncated = truncated;
    this.#onBytes = onBytes;
  }

  /** How many bytes were taken. */
  get position(): number {
    return this.#position;
  }

  /** At least one and at most `lengthMax` of the next bytes, without a copy; undefined at the end of the stream. */
  async some(lengthMax: number): Promise<Uint8Array | undefined> {
    while (this.#pending.length === 0) {
      const next = await this.#source.next();
      if (next.done === true) return undefined;
      this.#pending = next.value;
    }
    const taken = this.#pending.subarray(0, lengthMax);
    this.#pending = this.#pending.subarray(taken.length);
    this.#position += taken.length;
    this.#onBytes?.(taken);
    return taken;
  }

  /** The next `length` bytes; throws what `truncated` makes. */
  async exactly(length: number): Promise<Uint8Array> {
    if (length === 0) return EMPTY;
    const first = await this.some(length);
    if (first?.length === length) return first;
    const whole = new Uint8Array(length);
    let filled = 0;
    for (let part = first; part !== undefined; part = await this.some(length - filled)) {
      whole.set(part, filled);
      filled += part.length;
      if (filled === length) return whole;
    }
    throw this.truncated();
  }

  truncated(): Error {
    return this.#truncated(this.#position);
  }

  /** Tells the source that nothing more is wanted. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }
}
