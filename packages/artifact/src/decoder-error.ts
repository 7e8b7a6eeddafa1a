/**
 * Compressed data that cannot be read. Stays inside this package: `decompress` turns it into an `ArtifactError` that
 * knows the entry.
 */
export class DecoderError extends Error {
  override readonly name = "DecoderError";
  /** Set when the stream is sound but asks for more memory than it may have. */
  readonly windowBytes: number | undefined;

  constructor(message: string, windowBytes?: number) {
    super(message);
    this.windowBytes = windowBytes;
  }
}
