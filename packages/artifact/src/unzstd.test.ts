import zlib from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes } from "@moult/base";
import { chunked, collect } from "./artifact.fixture.ts";
import { randomBytes, repetitiveBytes } from "./compressed-streams.fixture.ts";
import { DecoderError } from "./decoder-error.ts";
import { unzstd, type ZstdEngine } from "./unzstd.ts";

const MIB = 1024 * 1024;
const FRAME_MAGIC = [0x28, 0xb5, 0x2f, 0xfd];

interface Settings {
  readonly level?: number;
  readonly windowLog?: number;
  readonly hasChecksum?: boolean;
  readonly strategy?: number;
}

function zstd(
  bytes: Uint8Array,
  { level, windowLog, hasChecksum, strategy }: Settings = {},
): Buffer {
  return zlib.zstdCompressSync(bytes, {
    params: {
      [zlib.constants.ZSTD_c_compressionLevel]: level ?? 3,
      [zlib.constants.ZSTD_c_checksumFlag]: hasChecksum === true ? 1 : 0,
      ...(windowLog === undefined ? {} : { [zlib.constants.ZSTD_c_windowLog]: windowLog }),
      ...(strategy === undefined ? {} : { [zlib.constants.ZSTD_c_strategy]: strategy }),
    },
  });
}

describe.each<ZstdEngine>(["portable", "native"])("the %s engine", (engine) => {
  const read = (
    bytes: Uint8Array,
    chunkBytes = 64 * 1024,
    windowBytesMax = 64 * MIB,
  ): Promise<Uint8Array> => collect(unzstd(chunked(bytes, chunkBytes), windowBytesMax, engine));

  test("reads every level", async () => {
    const bytes = repetitiveBytes(200_000);
    for (const level of [-5, 1, 3, 9, 19, 22])
      expect(Buffer.compare(await read(zstd(bytes, { level })), bytes)).toBe(0);
  });

  test("reads text, runs, random bytes and nothing", async () => {
    const words = Buffer.from("the quick brown fox jumps over lazy dogs ".repeat(9_000));
    for (const bytes of [words, new Uint8Array(1_000_000), randomBytes(300_000), new Uint8Array(0)])
      expect(Buffer.compare(await read(zstd(bytes, { hasChecksum: true })), bytes)).toBe(0);
  });

  test("reads matches that reach back a whole window, over many windows", async () => {
    const bytes = concatBytes(Array.from({ length: 60 }, () => repetitiveBytes(80_000)));
    for (const windowLog of [10, 17, 18])
      expect(Buffer.compare(await read(zstd(bytes, { windowLog })), bytes)).toBe(0);
  });

  test("reads any input in chunks of any size", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }),
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 19 }),
        async (parts, chunkBytes, strategy, level) => {
          const bytes = concatBytes([...parts, ...parts, ...parts.toReversed()]);
          expect(await read(zstd(bytes, { level, strategy }), chunkBytes)).toEqual(bytes);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("reads frames in a row, and skips skippable ones", async () => {
    const skippable = Uint8Array.of(0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9);
    const first = repetitiveBytes(5_000);
    const frames = concatBytes([
      skippable,
      zstd(first),
      zstd(new Uint8Array(0)),
      skippable,
      zstd(first),
    ]);

    expect(await read(frames, 3)).toEqual(concatBytes([first, first]));
  });

  test("refuses a window that is larger than allowed", async () => {
    const frame = Uint8Array.of(...FRAME_MAGIC, 0x00, (20 - 10) << 3, 1, 0, 0);

    expect(await read(frame, 9, MIB)).toEqual(new Uint8Array(0));
    await expect(read(frame, 9, MIB - 1)).rejects.toMatchObject({ windowBytes: MIB });
  });

  test("refuses a window of 2^41 bytes and more without taking the memory", async () => {
    const frame = Uint8Array.of(...FRAME_MAGIC, 0x00, 0xff, 1, 0, 0);

    await expect(read(frame)).rejects.toMatchObject({ windowBytes: 2 ** 41 + (2 ** 41 / 8) * 7 });
  });

  test.each<[string, Uint8Array]>([
    ["nothing at all", new Uint8Array(0)],
    ["other data", Buffer.from("this is no Zstandard data")],
    ["data after a frame", concatBytes([zstd(Buffer.from("a")), Uint8Array.of(1, 2, 3, 4)])],
    ["a frame that needs a dictionary", Uint8Array.of(...FRAME_MAGIC, 0x21, 7, 0, 1, 0, 0)],
    [
      "a match that reaches before the start",
      zlib.zstdCompressSync(repetitiveBytes(2_000), { dictionary: repetitiveBytes(2_000) }),
    ],
    ["a reserved bit", Uint8Array.of(...FRAME_MAGIC, 0x28, 0, 1, 0, 0)],
    ["a reserved block type", Uint8Array.of(...FRAME_MAGIC, 0x20, 0, 7, 0, 0)],
    ["a block of more than 128 KiB", Uint8Array.of(...FRAME_MAGIC, 0, 0x58, 0x03, 0, 0x10 + 1, 7)],
    ["a content size that is not true", Uint8Array.of(...FRAME_MAGIC, 0x20, 5, 3, 0, 0)],
    [
      "a content size of 2^63",
      Uint8Array.of(...FRAME_MAGIC, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 1, 0, 0),
    ],
  ])("refuses %s", async (_, bytes) => {
    await expect(read(bytes)).rejects.toThrow();
  });

  test("refuses a stream that is cut off anywhere", async () => {
    const stream = zstd(repetitiveBytes(20_000), { hasChecksum: true });
    for (let length = 0; length < stream.length; length += 3)
      await expect(read(stream.subarray(0, length))).rejects.toThrow();
  });

  test("refuses damage, or reads it to a bounded length", async () => {
    const bytes = repetitiveBytes(20_000);
    const streams = [1, 3, 19].map((level) => zstd(bytes, { level }));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...streams),
        fc.array(fc.tuple(fc.nat(streams[0]?.length ?? 0), fc.nat(255)), {
          minLength: 1,
          maxLength: 3,
        }),
        async (stream, changes) => {
          const damaged = Uint8Array.from(stream);
          for (const [at, byte] of changes) damaged[at % damaged.length] = byte;
          const result = await read(damaged).catch((error: unknown) => error);
          if (result instanceof Uint8Array) expect(result.length).toBeLessThanOrEqual(2 * MIB);
          else expect(result).toBeInstanceOf(Error);
        },
      ),
      { numRuns: 200 },
    );
  });
});

test("both engines read the same out of every damaged stream that both of them read", async () => {
  const stream = zstd(repetitiveBytes(3_000), { level: 9 });
  const read = async (bytes: Uint8Array, engine: ZstdEngine): Promise<Uint8Array | undefined> =>
    collect(unzstd(chunked(bytes), MIB, engine)).catch(() => undefined);
  let readByBoth = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.nat(stream.length - 1),
      fc.integer({ min: 1, max: 255 }),
      async (at, flip) => {
        const damaged = Uint8Array.from(stream);
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        const portable = await read(damaged, "portable");
        const native = await read(damaged, "native");
        if (portable === undefined || native === undefined) return;
        readByBoth += 1;
        expect(Buffer.compare(portable, native)).toBe(0);
      },
    ),
    { numRuns: 300 },
  );
  expect(readByBoth).toBeGreaterThan(0);
});

test("Huffman weights whose decoding would never end are refused", async () => {
  // One symbol with the whole probability: its state takes no bits, so no input ends the weights.
  const weights = [0xf0, 3, 1, 0xff];
  const block = [0x42, 0x80, 0x01, weights.length, ...weights, 1, 0];
  const header = (block.length << 3) | 5;
  const frame = Uint8Array.of(...FRAME_MAGIC, 0, 0x58, header, 0, 0, ...block);

  await expect(collect(unzstd(chunked(frame), 2 * MIB, "portable"))).rejects.toThrow(
    new DecoderError("too many Huffman weights"),
  );
});
