import { ArtifactError } from "./artifact-error.ts";

/**
 * What the reader is ready to hold, count and wait for. Everything in an artifact up to its first data entry is held in
 * memory, so these are also the memory bounds; payload files are streamed and bounded only against waste.
 */
export interface ArtifactLimits {
  /** `manifest`, and `manifest-augment` apart. */
  readonly manifestBytesMax: number;
  /** `manifest.sig`. */
  readonly signatureBytesMax: number;
  /** The header entry as stored (compressed). */
  readonly headerBytesMax: number;
  /** The header after decompression: all scripts and meta-data together. */
  readonly headerContentBytesMax: number;
  readonly scriptsMax: number;
  readonly scriptBytesMax: number;
  readonly metaDataBytesMax: number;
  /** `header-info` and each `type-info`. */
  readonly infoBytesMax: number;
  readonly payloadsMax: number;
  /** Payload files of all payloads together. */
  readonly payloadFilesMax: number;
  readonly payloadFileBytesMax: number;
  /** Longest path of an entry or a manifest line. */
  readonly nameBytesMax: number;
  /** The whole artifact as stored. */
  readonly artifactBytesMax: number;
  /**
   * Largest output of a decompressor per byte of its input, past the first `expansionFreeBytes`. Deflate cannot exceed
   * 1,032; xz and zst can, so that an image of mostly zeros may need more.
   */
  readonly expansionRatioMax: number;
  readonly expansionFreeBytes: number;
  /** Largest window (zst) or dictionary (xz) a stream may ask for: the memory one decompressor may take. */
  readonly windowBytesMax: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/**
 * Defaults with room for every artifact that Mender's tools make: their xz streams ask for a 64 MiB dictionary, zstd's
 * default levels for 8 MiB at most. Payload files may have 64 GiB: larger than any device image seen, smaller than a
 * mistake.
 */
export const ARTIFACT_LIMITS: ArtifactLimits = {
  manifestBytesMax: 1 * MIB,
  signatureBytesMax: 4 * KIB,
  headerBytesMax: 16 * MIB,
  headerContentBytesMax: 16 * MIB,
  scriptsMax: 256,
  scriptBytesMax: 4 * MIB,
  metaDataBytesMax: 1 * MIB,
  infoBytesMax: 256 * KIB,
  payloadsMax: 64,
  payloadFilesMax: 4096,
  payloadFileBytesMax: 64 * GIB,
  nameBytesMax: 255,
  artifactBytesMax: 64 * GIB,
  expansionRatioMax: 1100,
  expansionFreeBytes: 64 * MIB,
  windowBytesMax: 64 * MIB,
};

/** The defaults with the caller's own limits over them. */
export function limitsWith(overrides: Partial<ArtifactLimits> = {}): ArtifactLimits {
  return { ...ARTIFACT_LIMITS, ...overrides };
}

/** Throws `limit-exceeded` when `actual` is above the named limit. */
export function checkLimit(
  limits: ArtifactLimits,
  limit: keyof ArtifactLimits,
  actual: number,
  entry: string,
): void {
  if (actual > limits[limit])
    throw new ArtifactError("limit-exceeded", { entry, limit, max: limits[limit], actual });
}
