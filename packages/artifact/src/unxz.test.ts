import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes } from "@moult/base";
import { chunked, collect } from "./artifact.fixture.ts";
import {
  XZ,
  XZ_OF_REPETITIVE_BYTES,
  randomBytes,
  repetitiveBytes,
} from "./compressed-streams.fixture.ts";
import { crc32 } from "./crc32.ts";
import { DecoderError } from "./decoder-error.ts";
import { unxz } from "./unxz.ts";

const MIB = 1024 * 1024;
const content = repetitiveBytes(60_000);
const level6 = XZ_OF_REPETITIVE_BYTES["-6"] ?? new Uint8Array(0);
const read = (
  bytes: Uint8Array,
  chunkBytes = 1000,
  windowBytesMax = 64 * MIB,
): Promise<Uint8Array> => collect(unxz(chunked(bytes, chunkBytes), windowBytesMax));

test.each(Object.entries(XZ_OF_REPETITIVE_BYTES))("what xz %s made is read", async (_, stream) => {
  for (const chunkBytes of [1, 100_000]) expect(await read(stream, chunkBytes)).toEqual(content);
});

test("stored chunks, empty streams and a dictionary of 64 MiB are read", async () => {
  expect(await read(XZ.ofRandomBytes)).toEqual(randomBytes(400));
  expect(await read(XZ.ofNothing)).toEqual(new Uint8Array(0));
  expect(Buffer.from(await read(XZ.withDictionaryOf64MiB)).toString()).toBe("hello");
});

test("streams in a row, with padding between and after them, are read as one", async () => {
  const two = concatBytes([level6, new Uint8Array(8), XZ.ofRandomBytes, new Uint8Array(4)]);

  expect(await read(two)).toEqual(concatBytes([content, randomBytes(400)]));
});

test.each<[string, Uint8Array]>([
  ["nothing at all", new Uint8Array(0)],
  ["other data", Buffer.from("this is not xz data, not at all")],
  ["the older .lzma format", XZ.lzmaAlone],
  ["a filter other than LZMA2", XZ.withX86Filter],
  ["a stream with data after it", concatBytes([level6, Uint8Array.of(1, 2, 3, 4)])],
  ["padding that is not a multiple of four", concatBytes([level6, new Uint8Array(3)])],
])("%s is refused", async (_, stream) => {
  await expect(read(stream)).rejects.toThrow(DecoderError);
});

test("a dictionary that is larger than allowed is refused before anything is decoded", async () => {
  await expect(read(XZ.withDictionaryOf128MiB)).rejects.toMatchObject({ windowBytes: 128 * MIB });
  await expect(read(level6, 1000, MIB)).rejects.toMatchObject({ windowBytes: 8 * MIB });
});

describe("inside an LZMA chunk", () => {
  // After the headers of stream and block: control, sizes, properties, then the compressed bytes.
  const chunkAt = 24;
  const dataAt = chunkAt + 6;
  const dataBytes = ((level6[chunkAt + 3] ?? 0) << 8) + (level6[chunkAt + 4] ?? 0) + 1;
  const withData = (at: number, ...bytes: readonly number[]): Uint8Array => {
    const stream = Uint8Array.from(level6);
    stream.set(bytes, dataAt + at);
    return stream;
  };

  test("a match before anything was written is refused", async () => {
    await expect(read(withData(0, 0, 0x80, 0, 0, 0))).rejects.toThrow(
      "a match that reaches too far",
    );
  });

  test("input that does not start or end as the coder leaves it is refused", async () => {
    await expect(read(withData(0, 1))).rejects.toThrow("does not start with zero");
    const last = level6[dataAt + dataBytes - 1] ?? 0;
    await expect(read(withData(dataBytes - 1, last ^ 1))).rejects.toThrow(
      "does not end where it says",
    );
  });

  test("a first chunk that keeps a dictionary, properties or state there are none of is refused", async () => {
    const control = level6[chunkAt] ?? 0;
    expect(control & 0xe0).toBe(0xe0);
    for (const kept of [0x80, 0xa0, 0xc0]) {
      const stream = Uint8Array.from(level6);
      stream[chunkAt] = kept | (control & 0x1f);
      await expect(read(stream)).rejects.toThrow("a chunk that refers to nothing");
    }
    const stored = Uint8Array.from(XZ.ofRandomBytes);
    expect(stored[chunkAt]).toBe(1);
    stored[chunkAt] = 2;
    await expect(read(stored)).rejects.toThrow("a chunk that refers to nothing");
  });

  test("a length that is shorter than its last match is refused", async () => {
    const stream = Uint8Array.from(level6);
    stream[chunkAt + 2] = (stream[chunkAt + 2] ?? 0) - 1;

    await expect(read(stream)).rejects.toThrow(DecoderError);
  });
});

test("an index that does not tell of the blocks there were is refused, though its checksum is right", async () => {
  const [indexAt, footerAt] = [level6.length - 12 - 12, level6.length - 12];
  for (const at of [1, 2, 4]) {
    const stream = Uint8Array.from(level6);
    stream[indexAt + at] = (stream[indexAt + at] ?? 0) ^ 1;
    const index = stream.subarray(indexAt, footerAt - 4);
    new DataView(stream.buffer).setUint32(footerAt - 4, crc32(index), true);

    await expect(read(stream)).rejects.toThrow("an index that does not fit the blocks");
  }
});

test("a stream that is cut off anywhere is refused", async () => {
  for (let length = 0; length < level6.length; length += 7)
    await expect(read(level6.subarray(0, length))).rejects.toThrow(DecoderError);
});

test("a stream that is damaged anywhere is refused, or read to a bounded length", async () => {
  for (const stream of [level6, XZ.ofRandomBytes, XZ_OF_REPETITIVE_BYTES["blocks"] ?? level6])
    await fc.assert(
      fc.asyncProperty(
        fc.nat(stream.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const damaged = Uint8Array.from(stream);
          damaged[at] = (damaged[at] ?? 0) ^ flip;
          const result = await read(damaged).catch((error: unknown) => error);
          if (result instanceof Uint8Array)
            expect(result.length).toBeLessThanOrEqual(content.length);
          else expect(result).toBeInstanceOf(DecoderError);
        },
      ),
    );
});

test("what comes out does not change afterwards", async () => {
  const parts: Uint8Array[] = [];
  const copies: Uint8Array[] = [];
  for await (const part of unxz(chunked(level6), 64 * MIB)) {
    parts.push(part);
    copies.push(Uint8Array.from(part));
  }

  expect(parts).toEqual(copies);
});
