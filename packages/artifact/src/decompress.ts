import zlib from "node:zlib";
import type { Compression } from "./artifact-head.ts";
import { ArtifactError } from "./artifact-error.ts";
import type { ArtifactLimits } from "./artifact-limits.ts";
import { DecoderError } from "./decoder-error.ts";
import { through } from "./through.ts";
import { unxz } from "./unxz.ts";
import { unzstd } from "./unzstd.ts";

/** Large enough that the cost per chunk does not show, small enough that a pipeline of them stays in a cache. */
const CHUNK_BYTES = 256 * 1024;
/** Two chunks may wait, so that zlib's thread works on one while the digest of the other is made. */
const GUNZIP_OPTIONS = { chunkSize: CHUNK_BYTES, highWaterMark: 2 * CHUNK_BYTES };

/**
 * The content of a compressed stream, bounded: by the window a decoder may take and by how far it may expand its input.
 *
 * Throws `compression-invalid` for damaged data and for anything after its end, and lets an `ArtifactError` of `source`
 * pass. Node's own decoders are used where it has them, since they run beside the digests on other threads; the ones
 * here serve xz everywhere and zst on Node 20.
 */
export async function* decompress(
  compression: Compression,
  source: AsyncIterable<Uint8Array>,
  entry: string,
  limits: ArtifactLimits,
): AsyncGenerator<Uint8Array> {
  if (compression === "none") {
    yield* source;
    return;
  }
  const fed = { bytes: 0 };
  let expanded = 0;
  try {
    for await (const chunk of decoder(compression, counting(source, fed), limits)) {
      expanded += chunk.length;
      if (expanded > limits.expansionFreeBytes + fed.bytes * limits.expansionRatioMax)
        throw new ArtifactError("limit-exceeded", {
          entry,
          limit: "expansionRatioMax",
          max: limits.expansionRatioMax,
          actual: Math.ceil(expanded / fed.bytes),
        });
      yield chunk;
    }
  } catch (error) {
    if (error instanceof ArtifactError) throw error;
    if (error instanceof DecoderError && error.windowBytes !== undefined)
      throw new ArtifactError(
        "limit-exceeded",
        { entry, limit: "windowBytesMax", max: limits.windowBytesMax, actual: error.windowBytes },
        { cause: error },
      );
    throw new ArtifactError("compression-invalid", { entry, compression }, { cause: error });
  }
}

function decoder(
  compression: "gz" | "xz" | "zst",
  source: AsyncIterable<Uint8Array>,
  limits: ArtifactLimits,
): AsyncIterable<Uint8Array> {
  switch (compression) {
    case "gz":
      return through(source, zlib.createGunzip(GUNZIP_OPTIONS));
    case "xz":
      return unxz(source, limits.windowBytesMax);
    case "zst":
      return unzstd(source, limits.windowBytesMax);
  }
}

async function* counting(
  source: AsyncIterable<Uint8Array>,
  fed: { bytes: number },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    fed.bytes += chunk.length;
    yield chunk;
  }
}
