import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { hex, textFromUtf8 } from "@moult/base";
import * as z from "zod";
import { InstallError } from "./install-error.ts";

// dm-verity: a tree of digests behind the file system, by which the kernel verifies each block as it reads it
// (Documentation/admin-guide/device-mapper/verity.rst). The image is verified as a whole before it is started, by the digest that
// was signed; the tree is what finds a block that changes later.

const BLOCK_BYTES = 4_096;
const DIGEST_BYTES = 32;
const DIGESTS_PER_BLOCK = BLOCK_BYTES / DIGEST_BYTES;

/** Where an image has its tree, as its artifact's meta-data say. */
export const Verity = z.strictObject({
  rootHash: z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 in lower-case hexadecimal"),
  /** Of the superblock, which the tree follows. */
  hashOffset: z.int().min(BLOCK_BYTES).multipleOf(BLOCK_BYTES),
});
export type Verity = z.infer<typeof Verity>;

const ImageMetaData = z.object({ verity: Verity.nullish() });

/** Null for an image without a tree. */
export async function readVerity(tree: string): Promise<Verity | null> {
  const text = await readFile(join(tree, "header", "meta-data"), "utf8");
  if (text === "") return null;
  const parsed = ImageMetaData.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data.verity ?? null;
  throw refused(z.prettifyError(parsed.error));
}

/**
 * Passes an image on and looks at the top of its tree, which has to be that of the root hash: with another one no block of the
 * system could be read, and its trial would be a start that must fail.
 */
export async function* withRightTree(
  content: AsyncIterable<Uint8Array>,
  sizeBytes: number,
  { rootHash, hashOffset }: Verity,
): AsyncGenerator<Uint8Array> {
  // The superblock has a block of its own, and the next one is the tree's highest.
  const head = new Uint8Array(2 * BLOCK_BYTES);
  let position = 0;
  for await (const chunk of content) {
    const start = Math.max(hashOffset, position);
    const end = Math.min(hashOffset + head.length, position + chunk.length);
    if (start < end) head.set(chunk.subarray(start - position, end - position), start - hashOffset);
    position += chunk.length;
    yield chunk;
  }
  const { salt, dataBlocks } = readSuperblock(head.subarray(0, BLOCK_BYTES));
  if (dataBlocks * BLOCK_BYTES > hashOffset) throw refused("the tree lies within what it covers");
  if (hashOffset + (1 + treeBlocks(dataBlocks)) * BLOCK_BYTES > sizeBytes)
    throw refused("the tree is cut off");
  const found = createHash("sha256").update(salt).update(head.subarray(BLOCK_BYTES)).digest();
  if (hex(found) !== rootHash)
    throw refused("the root hash in the meta-data is not that of the image's tree");
}

/** The on-disk format of version 1 (cryptsetup, "DMVerity"). */
function readSuperblock(bytes: Uint8Array): {
  readonly salt: Uint8Array;
  readonly dataBlocks: number;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (textFromUtf8(bytes.subarray(0, 8)) !== "verity\0\0" || view.getUint32(8, true) !== 1)
    throw refused("there is no superblock where the meta-data have it");
  const algorithm = textFromUtf8(bytes.subarray(32, 64))?.replace(/\0+$/, "");
  const isUsual =
    view.getUint32(12, true) === 1 &&
    algorithm === "sha256" &&
    view.getUint32(64, true) === BLOCK_BYTES &&
    view.getUint32(68, true) === BLOCK_BYTES;
  if (!isUsual) throw refused("only trees of type 1, SHA-256 and blocks of 4096 bytes are taken");
  const saltBytes = view.getUint16(80, true);
  const dataBlocks = Number(view.getBigUint64(72, true));
  // With a single block there is no tree: the root hash is the block's own.
  if (saltBytes > 256 || dataBlocks < 2 || !Number.isSafeInteger(dataBlocks * BLOCK_BYTES))
    throw refused("the superblock is damaged");
  return { salt: bytes.subarray(88, 88 + saltBytes), dataBlocks };
}

function treeBlocks(dataBlocks: number): number {
  let all = 0;
  for (let level = dataBlocks; level > 1;) {
    level = Math.ceil(level / DIGESTS_PER_BLOCK);
    all += level;
  }
  return all;
}

const refused = (reason: string): InstallError =>
  new InstallError("payload-refused", `the image's dm-verity tree is not usable: ${reason}`);
