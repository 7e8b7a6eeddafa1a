import { expect, test } from "vitest";
import { aVerityImage } from "./verity.fixture.ts";
import { withRightTree, type Verity } from "./verity.ts";

/** Passes an image on in pieces of this size; returns what came out. */
async function passed(image: Uint8Array, verity: Verity, pieceBytes = 3_000): Promise<Buffer> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let start = 0; start < image.length; start += pieceBytes) {
      await Promise.resolve();
      yield image.subarray(start, start + pieceBytes);
    }
  }
  const out: Uint8Array[] = [];
  for await (const piece of withRightTree(pieces(), image.length, verity)) out.push(piece);
  return Buffer.concat(out);
}

/** One tree of one block, one with a block above, and one whose highest block is full. */
const SIZES = [2, 128, 129, 300];

test.each(SIZES)("an image of %i blocks with its tree passes as it is", async (blocks) => {
  const { image, verity } = aVerityImage(blocks);
  for (const pieceBytes of [3_000, 1 << 20])
    expect((await passed(image, verity, pieceBytes)).equals(image)).toBe(true);
});

test("an image whose tree is that of another root hash is refused", async () => {
  const [one, other] = [aVerityImage(130), aVerityImage(130)];
  await expect(passed(one.image, other.verity)).rejects.toMatchObject({
    code: "payload-refused",
    detail: expect.stringContaining("root hash"),
  });
});

test.each<[string, (image: Buffer) => Buffer, string]>([
  ["was cut off", (image) => image.subarray(0, -4_096), "cut off"],
  ["is missing", (image) => image.subarray(0, 130 * 4_096), "no superblock"],
  ["covers itself", (image) => with64(image, 130 * 4_096 + 72, 131n), "within what it covers"],
  ["says that it has no end", (image) => with64(image, 130 * 4_096 + 72, 1n << 60n), "damaged"],
])("an image whose tree %s is refused", async (_, change, why) => {
  const { image, verity } = aVerityImage(130);
  await expect(passed(change(image), verity)).rejects.toThrow(why);
});

test("an image whose tree is of a kind that the agent does not know is refused", async () => {
  for (const option of ["--hash=sha512", "--format=0", "--data-block-size=1024"]) {
    const { image, verity } = aVerityImage(130, option);
    await expect(passed(image, { ...verity, rootHash: "0".repeat(64) })).rejects.toThrow(
      "only trees",
    );
  }
});

function with64(image: Buffer, offset: number, value: bigint): Buffer {
  const changed = Buffer.from(image);
  changed.writeBigUInt64LE(value, offset);
  return changed;
}
