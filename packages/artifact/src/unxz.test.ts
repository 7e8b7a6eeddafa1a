import fc from "fast-check";
import { expect, test } from "vitest";
import { concatBytes } from "@moult/base";
import { chunked, collect } from "./artifact.fixture.ts";
import {
  XZ,
  XZ_OF_REPETITIVE_BYTES,
  randomBytes,
  repetitiveBytes,
} from "./compressed-streams.fixture.ts";
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
