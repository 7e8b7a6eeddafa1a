import fc from "fast-check";
import { expect, test } from "vitest";
import { concatBytes } from "@moult/base";
import { chunked, rawEntry, rawTar, refusal, TAR_END, type RawEntry } from "./artifact.fixture.ts";
import { ArtifactError } from "./artifact-error.ts";
import { ByteReader } from "./byte-reader.ts";
import { tarFileHeader, tarPaddingBytes } from "./tar-header.ts";
import { createTarReader } from "./tar-reader.ts";

async function readTar(bytes: Uint8Array, chunkBytes = 4096): Promise<[string, string][]> {
  const reader = new ByteReader(
    chunked(bytes, chunkBytes),
    (endedAt) => new ArtifactError("artifact-truncated", { endedAt }),
  );
  const tar = createTarReader(reader, { archive: "test", checkName: () => undefined });
  const entries: [string, string][] = [];
  for (let entry = await tar.next(); entry !== undefined; entry = await tar.next()) {
    const parts: Uint8Array[] = [];
    for (let part = await entry.some(7); part !== undefined; part = await entry.some(7))
      parts.push(part);
    entries.push([entry.name, Buffer.concat(parts).toString("latin1")]);
  }
  return entries;
}

const base256 = (...bytes: readonly number[]): Uint8Array =>
  Uint8Array.of(0x80, ...Array.from({ length: 11 - bytes.length }, () => 0), ...bytes);
const pax = (content: string): RawEntry => ({ name: "PaxHeaders.0/x", type: "x", content });
const record = (key: string, value: string): string => {
  const rest = ` ${key}=${value}\n`;
  return `${rest.length + 2 > 9 ? rest.length + 2 : rest.length + 1}${rest}`;
};

test("a tar of regular files is read, whatever the chunks it comes in", async () => {
  const tar = rawTar([
    { name: "one", content: "1" },
    { name: "empty" },
    { name: "two", prefix: "a/b", content: "x".repeat(513), type: "\0" },
    { name: "gnu", prefix: "000000", magic: "ustar  \0", content: "g" },
  ]);

  for (const chunkBytes of [1, 511, 512, 513, 100_000])
    expect(await readTar(tar, chunkBytes)).toEqual([
      ["one", "1"],
      ["empty", ""],
      ["a/b/two", "x".repeat(513)],
      ["gnu", "g"],
    ]);
});

test("sizes come as octal, as base-256 and from a pax header", async () => {
  const content = "y".repeat(600);
  const octal = rawTar([{ name: "f", content, sizeField: "       1130 " }]);
  const binary = rawTar([{ name: "f", content, sizeField: base256(2, 88) }]);
  const extended = rawTar([
    pax(record("size", "600") + record("mtime", "1.5")),
    { name: "f", content, sizeField: "00000000000\0" },
  ]);

  for (const tar of [octal, binary, extended]) expect(await readTar(tar)).toEqual([["f", content]]);
});

test("a pax header may give the name", async () => {
  const path = `${"d/".repeat(60)}f`;

  expect(await readTar(rawTar([pax(`${path.length + 10} path=${path}\n`), { name: "x" }]))).toEqual(
    [[path, ""]],
  );
});

test("an archive padded to its record size is read", async () => {
  const tar = rawTar([{ name: "f", content: "f" }], new Uint8Array(20 * 512));

  expect(await readTar(tar)).toEqual([["f", "f"]]);
});

test.each<[string, RawEntry]>([
  ["a hard link", { name: "f", type: "1" }],
  ["a symbolic link", { name: "f", type: "2" }],
  ["a character device", { name: "f", type: "3" }],
  ["a block device", { name: "f", type: "4" }],
  ["a directory", { name: "d/", type: "5" }],
  ["a fifo", { name: "f", type: "6" }],
  ["a GNU long name", { name: "././@LongLink", type: "L", content: "name" }],
  ["a GNU long link", { name: "././@LongLink", type: "K", content: "name" }],
  ["a GNU sparse file", { name: "f", type: "S" }],
  ["a global pax header", { name: "g", type: "g", content: record("path", "x") }],
  ["a header with a wrong checksum", { name: "f", hasWrongChecksum: true }],
  ["a tar of before POSIX", { name: "f", magic: "\0\0\0\0\0\0\0\0" }],
  ["a size with a digit that is not octal", { name: "f", sizeField: "00000000008\0" }],
  ["a negative size", { name: "f", sizeField: "-0000000001\0" }],
  ["a negative base-256 size", { name: "f", sizeField: new Uint8Array(12).fill(0xff) }],
  ["a size of 2^53", { name: "f", sizeField: base256(0x20, 0, 0, 0, 0, 0, 0) }],
  ["a size of 2^63", { name: "f", sizeField: base256(0x80, 0, 0, 0, 0, 0, 0, 0) }],
  ["an empty size", { name: "f", sizeField: "\0".repeat(12) }],
  ["padding with something in it", { name: "f", content: "f", padding: 1 }],
  ["a pax size that is negative", pax(record("size", "-1"))],
  ["a pax size of 2^53", pax(record("size", "9007199254740992"))],
  ["a pax size that is a fraction", pax(record("size", "1.5"))],
  ["a pax size that is hexadecimal", pax(record("size", "0x10"))],
  ["a pax link", pax(record("linkpath", "/etc/passwd"))],
  ["a pax sparse map", pax(record("GNU.sparse.size", "1"))],
  ["a pax record given twice", pax(record("size", "1") + record("size", "2"))],
  ["a pax record of a wrong length", pax("99 path=x\n")],
  ["a pax record of length zero", pax("0 path=x\n")],
  ["a pax record without a value", pax("8 path\n\n")],
  ["a pax record without a line end", pax("9 path=xy")],
])("%s is refused", async (_, entry) => {
  const tar = concatBytes([rawEntry(entry), rawEntry({ name: "after" }), TAR_END]);

  expect((await refusal(readTar(tar))).code).toBe("tar-invalid");
});

test("a pax header that is large is refused before it is read", async () => {
  const header = rawEntry({ name: "x", type: "x", sizeField: "77777777777\0" });

  expect((await refusal(readTar(header))).context["reason"]).toBe("the pax header is too large");
});

test("a pax header must stand before a file, and only one", async () => {
  const extended = rawEntry(pax(record("size", "0")));

  expect((await refusal(readTar(concatBytes([extended, TAR_END])))).code).toBe("tar-invalid");
  const twice = concatBytes([extended, extended, rawEntry({ name: "f" }), TAR_END]);
  expect((await refusal(readTar(twice))).code).toBe("tar-invalid");
});

test.each<[string, Uint8Array, string]>([
  ["nothing at all", new Uint8Array(0), "artifact-truncated"],
  ["no end", rawTar([{ name: "f" }], new Uint8Array(0)), "artifact-truncated"],
  ["half an end", rawTar([{ name: "f" }], new Uint8Array(512)), "artifact-truncated"],
  [
    "an entry after one zero block",
    concatBytes([new Uint8Array(512), rawEntry({ name: "f" })]),
    "tar-invalid",
  ],
  ["data after the end", concatBytes([TAR_END, Uint8Array.of(1)]), "tar-invalid"],
  ["megabytes of zeros after the end", new Uint8Array(3 * 1024 * 1024), "tar-invalid"],
  [
    "content that is cut off",
    rawEntry({ name: "f", content: "f", sizeField: "00000002000\0" }),
    "artifact-truncated",
  ],
])("%s is refused", async (_, tar, code) => {
  expect((await refusal(readTar(tar))).code).toBe(code);
});

test("a name that is not UTF-8 is refused", async () => {
  const entry = rawEntry({ name: "f", hasWrongChecksum: false });
  entry[0] = 0xff;
  entry.set(Buffer.from("        "), 148);
  const sum = entry.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  entry.set(Buffer.from(`${sum.toString(8).padStart(6, "0")}\0 `), 148);

  expect((await refusal(readTar(entry))).context["reason"]).toBe("a name that is not UTF-8");
});

test("headers that are written are read back, with sizes past 2^31, 2^32 and 8 GiB", async () => {
  const sizes = fc.oneof(
    fc.constantFrom(0, 1, 512, 2 ** 31 + 1, 2 ** 32 + 1, 2 ** 33 - 1, 2 ** 33, 2 ** 53 - 1),
    fc.maxSafeNat(),
  );
  await fc.assert(
    fc.asyncProperty(sizes, async (sizeBytes) => {
      const reader = new ByteReader(
        chunked(tarFileHeader("name", sizeBytes)),
        () => new Error("end"),
      );
      const tar = createTarReader(reader, { archive: "test", checkName: () => undefined });
      const entry = await tar.next();
      expect(entry).toMatchObject({ name: "name", sizeBytes });
      expect((sizeBytes + tarPaddingBytes(sizeBytes)) % 512).toBe(0);
    }),
  );
});

test("any bytes are a tar or refused", async () => {
  const valid = rawTar([pax(record("size", "3")), { name: "f", content: "abc" }]);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 4 }),
      async (changes) => {
        const tar = Uint8Array.from(valid);
        for (const [at, byte] of changes) tar[at] = byte;
        await readTar(tar).catch((error: unknown) => expect(error).toBeInstanceOf(ArtifactError));
      },
    ),
  );
});
