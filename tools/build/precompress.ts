import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

/** What compresses; pictures and fonts are compressed already. */
const COMPRESSIBLE = /\.(?:html|js|mjs|css|svg|json|webmanifest|txt|ico|map)$/;
const VARIANT = /\.(?:br|gz)$/;

const brotli = promisify(brotliCompress);
const gzipped = promisify(gzip);

export interface Precompressed {
  readonly plainBytes: number;
  readonly brotliBytes: number;
}

/**
 * Writes `name.br` and `name.gz` beside each file below `folder`, as small as they get: it is done once a build, and sent
 * often. A variant that is not smaller is left out, and so is one of a file that is gone.
 */
export async function precompress(folder: string): Promise<Precompressed> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths.filter((each) => VARIANT.test(each))) await rm(path);

  let plainBytes = 0;
  let brotliBytes = 0;
  for (const path of paths.filter((each) => COMPRESSIBLE.test(each))) {
    const plain = await readFile(path);
    const [small, older] = await Promise.all([
      brotli(plain, {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
          [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
        },
      }),
      gzipped(plain, { level: 9 }),
    ]);
    if (small.length < plain.length) await writeFile(`${path}.br`, small);
    if (older.length < plain.length) await writeFile(`${path}.gz`, older);
    plainBytes += plain.length;
    brotliBytes += Math.min(small.length, plain.length);
  }
  return { plainBytes, brotliBytes };
}
