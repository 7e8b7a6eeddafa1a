import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArtifactError } from "../artifact-error.ts";
import type { FileSource } from "./file-source.ts";
import { foreignArtifact, inspectForeignFile } from "./foreign-file.ts";
import { ConfigSyntaxError, parseLibconfig } from "./libconfig.ts";

const fileOf = (name: string, bytes: Uint8Array): FileSource => ({
  name,
  sizeBytes: bytes.length,
  read: async (start, end) => bytes.subarray(start, end),
});
const inspect = (name: string, bytes: Uint8Array) => inspectForeignFile(fileOf(name, bytes));

/** One file of a cpio archive of the `crc` form. */
function cpioEntry(name: string, content: Buffer): Buffer {
  const sum = content.reduce((total, byte) => total + byte, 0);
  const fields = [1, 0o100644, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, sum];
  const header = `070702${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  const padded = (bytes: Buffer): Buffer =>
    Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
  return Buffer.concat([padded(Buffer.from(`${header}${name}\0`)), padded(content)]);
}

const swu = (description: string, ...more: readonly Buffer[]): Buffer =>
  Buffer.concat([
    cpioEntry("sw-description", Buffer.from(description)),
    ...more,
    cpioEntry("TRAILER!!!", Buffer.alloc(0)),
  ]);

/** A DER element of up to 64 KiB. */
function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const length = Buffer.from([0x82, content.length >> 8, content.length & 0xff]);
  return Buffer.concat([Buffer.from([tag]), length, content]);
}

const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));

/** The end of a bundle: CMS signed data with, or without, the manifest in it. */
function raucb(manifest: string | null, kind = "2a864886f70d010702"): Buffer {
  const inside = manifest === null ? [] : [der(0xa0, der(0x04, Buffer.from(manifest)))];
  const encapsulated = der(0x30, oid("2a864886f70d010701"), ...inside);
  const signed = der(0x30, der(0x02, Buffer.from([3])), der(0x31), encapsulated);
  const cms = der(0x30, oid(kind), der(0xa0, signed));
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(cms.length));
  return Buffer.concat([Buffer.from("hsqs"), Buffer.alloc(4_092), cms, size]);
}

test("an image of SWUpdate tells its version, in either language of its description", async () => {
  const libconfig = `software =
  {
    /* the release */ version = "2.4" ".1"; // and more
    hardware-compatibility: [ "1.0", "#RE:^[a-z]+$", ];
    images: ( { filename = "rootfs.img"; size = 0x10L; ratio = 1.5e2; on = true; } );
  };`;

  const file = await inspect("a.swu", swu(libconfig, cpioEntry("rootfs.img", Buffer.alloc(1_000))));
  expect(file).toEqual({ type: "swu", version: "2.4.1", compatible: null });
  expect(await inspect("no-name", swu(`{"software":{"version":"9"}}`))).toEqual({
    type: "swu",
    version: "9",
    compatible: null,
  });
});

test("a bundle of RAUC tells what it is for and its version, where it shows its manifest", async () => {
  const manifest = "[update]\ncompatible=gw2-board\nversion=2.0\n\n[image.rootfs]\nversion=other\n";

  expect(await inspect("a.raucb", raucb(manifest))).toEqual({
    type: "rauc",
    version: "2.0",
    compatible: "gw2-board",
  });
  const unknown = { type: "rauc", version: null, compatible: null };
  expect(await inspect("plain.raucb", raucb(null))).toEqual(unknown);
  expect(await inspect("crypt.raucb", raucb(null, "2a864886f70d010703"))).toEqual(unknown);
});

test("an artifact is none of these, and a file that nobody knows is taken as it is", async () => {
  const tar = Buffer.alloc(1_024);
  tar.write("ustar", 257);
  expect(await inspect("a.bin", tar)).toBeUndefined();
  expect(await inspect("a.bin", Buffer.from("firmware"))).toMatchObject({ type: "raw-file" });
});

test.each([
  ["an empty file", "a.swu", Buffer.alloc(0)],
  ["an image that is none", "a.swu", Buffer.alloc(600, 7)],
  ["an image that is cut off", "a.swu", swu("software = {};").subarray(0, 200)],
  ["a description that comes second", "a.swu", Buffer.concat([cpioEntry("x", Buffer.alloc(9))])],
  ["a description that includes", "a.swu", swu(`@include "/etc/passwd"`)],
  ["a description in no language", "a.swu", swu("software = { version = ; };")],
  ["a bundle that is none", "a.raucb", Buffer.alloc(600, 0)],
  ["a bundle whose signature is none", "a.raucb", raucb("x", "2a864886f70d010701")],
])("%s is refused with a reason", async (_, name, bytes) => {
  await expect(inspect(name, bytes)).rejects.toMatchObject({
    code: "file-invalid",
    context: { reason: expect.stringMatching(/./) as unknown },
  });
});

const nameIn = (type: "swu" | "rauc" | "raw-file", name: string): string | undefined => {
  const file = { name, sizeBytes: 1, open: async function* () {} };
  const { payloads } = foreignArtifact({ type }, file, { version: "1", hardwareTypes: ["a"] });
  return payloads[0]?.files[0]?.name;
};

test("an image for SWUpdate is called as SWUpdate wants it, whatever its file was called", () => {
  expect(nameIn("swu", "fw.swu")).toBe("fw.swu");
  expect(nameIn("swu", "FW.SWU")).toBe("FW.swu");
  expect(nameIn("swu", "my image.bin")).toBe("my_image.bin.swu");
  expect(nameIn("swu", "x".repeat(300))).toBe(`${"x".repeat(96)}.swu`);
  expect(nameIn("swu", ".swu")).toMatch(/\.swu$/);
  expect(nameIn("rauc", "FW.RAUCB")).toBe("FW.RAUCB");
  expect(nameIn("raw-file", "..")).toBe("update.raw-file");
});

describe("whatever a file holds", () => {
  const refusedOrRead = async (name: string, bytes: Uint8Array): Promise<void> => {
    try {
      await inspect(name, bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(ArtifactError);
    }
  };
  const images = [swu(`software = { version = "1"; };`), raucb("[update]\nversion=1\n")];

  test("it is read or refused, and nothing else happens", async () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("a.swu", "a.raucb", "a"),
        fc.oneof(
          fc.uint8Array({ maxLength: 2_000 }),
          fc
            .tuple(fc.constantFrom(...images), fc.array(change, { minLength: 1, maxLength: 8 }))
            .map(([image, changes]) => {
              const bytes = Buffer.from(image);
              for (const [at, value] of changes) bytes[at % bytes.length] = value;
              return bytes;
            }),
        ),
        refusedOrRead,
      ),
      { numRuns: 2_000 },
    );
  });

  test("a description is parsed or refused, soon", () => {
    const pieces = fc.constantFrom(
      "{",
      "}",
      "(",
      ")",
      "=",
      ";",
      '"a"',
      "a",
      "#",
      "/*",
      "*/",
      " ",
      "1",
      "\n",
      "//",
      "\\",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 200 }), (words) => {
        try {
          parseLibconfig(words.join(""));
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigSyntaxError);
        }
      }),
      { numRuns: 2_000 },
    );
    expect(() => parseLibconfig(`a = ${"(".repeat(10_000)}`)).toThrow(ConfigSyntaxError);
    expect(parseLibconfig(`${"# ".repeat(100_000)}\n`)).toEqual({});
  });
});
