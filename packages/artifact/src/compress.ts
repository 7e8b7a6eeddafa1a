import zlib from "node:zlib";
import { ArtifactError } from "./artifact-error.ts";
import { through } from "./through.ts";
import { hasNativeZstd } from "./unzstd.ts";

/** What this package writes: Mender's clients read xz as well, but nothing here makes it. */
export type WrittenCompression = "none" | "gz" | "zst";

const CHUNK_BYTES = 256 * 1024;
/** Zstandard's levels above this ask readers for windows of more than 64 MiB. */
const ZST_LEVEL_MAX = 19;
const GZ_LEVEL_MAX = 9;

/** Throws `compression-unsupported` for zst on a Node without it, and for a level that does not exist. */
export function checkCompression(compression: WrittenCompression, level: number | undefined): void {
  if (compression === "zst" && !hasNativeZstd())
    throw new ArtifactError("compression-unsupported", {
      compression,
      reason: "this Node cannot write zst; 22.15 and later can",
    });
  const levelMax = compression === "zst" ? ZST_LEVEL_MAX : GZ_LEVEL_MAX;
  if (level !== undefined && (!Number.isInteger(level) || level < 1 || level > levelMax))
    throw new ArtifactError("compression-unsupported", { compression, level, levelMax });
}

/** The same input gives the same output in one process: the writer relies on it. */
export function compress(
  compression: WrittenCompression,
  level: number | undefined,
  source: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  switch (compression) {
    case "none":
      return source;
    case "gz":
      return through(
        source,
        zlib.createGzip({ chunkSize: CHUNK_BYTES, ...(level === undefined ? {} : { level }) }),
      );
    case "zst": {
      const params = {
        [zlib.constants.ZSTD_c_checksumFlag]: 1,
        ...(level === undefined ? {} : { [zlib.constants.ZSTD_c_compressionLevel]: level }),
      };
      return through(source, zlib.createZstdCompress({ chunkSize: CHUNK_BYTES, params }));
    }
  }
}
