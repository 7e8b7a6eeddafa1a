import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import {
  chunked,
  rawArtifact,
  rawTar,
  refusal,
  sha256,
  type ArtifactParts,
} from "./artifact.fixture.ts";
import type { Compression } from "./artifact-head.ts";
import type { ArtifactLimits } from "./artifact-limits.ts";
import { XZ } from "./compressed-streams.fixture.ts";
import { inspectArtifact } from "./read-artifact.ts";

const MIB = 1024 * 1024;

interface LimitCase {
  readonly parts: ArtifactParts;
  readonly enough: number;
  readonly tooLittle: number;
  /** Other limits that would otherwise be hit first, or that let this one be hit. */
  readonly beside?: Partial<ArtifactLimits>;
}

const script = (name: string, length: number): { name: string; content: string } => ({
  name: `scripts/ArtifactInstall_Enter_${name}`,
  content: "x".repeat(length),
});
const exact = (actual: number, parts: ArtifactParts): LimitCase => ({
  parts,
  enough: actual,
  tooLittle: actual - 1,
});
const zeros = { compression: "gz", files: { zeros: new Uint8Array(4 * MIB) } } as const;
const twoPayloads = {
  headerEntries: [
    {
      name: "header-info",
      content: JSON.stringify({
        payloads: [{ type: "app" }, { type: "app" }],
        artifact_provides: { artifact_name: "release-1" },
        artifact_depends: { device_type: ["board"] },
      }),
    },
    { name: "headers/0000/type-info", content: `{"type":"app"}` },
    { name: "headers/0001/type-info", content: `{"type":"app"}` },
  ],
};

/** Every limit there is: a new one without a case here does not compile. */
const CASES: Readonly<Record<keyof ArtifactLimits, LimitCase>> = {
  manifestBytesMax: exact(
    3 * 66 + "data/0000/a".length + "header.tar".length + "version".length + 3,
    {
      files: { a: "" },
    },
  ),
  signatureBytesMax: exact(500, { signature: "A".repeat(500) }),
  headerBytesMax: exact(3072, {}),
  headerContentBytesMax: exact(3072, {}),
  scriptsMax: exact(2, { scripts: [script("00", 1), script("01", 1)] }),
  scriptBytesMax: exact(200, { scripts: [script("00", 200)] }),
  metaDataBytesMax: exact(9, { metaData: `{"a":"b"}` }),
  infoBytesMax: exact(300, { typeInfo: { type: "app", more: "x".repeat(300 - 24) } }),
  payloadsMax: exact(2, twoPayloads),
  payloadFilesMax: exact(3, { files: { a: "", b: "", c: "" } }),
  payloadFileBytesMax: exact(5, { files: { a: "12345" } }),
  nameBytesMax: exact(100, { files: { ["n".repeat(90)]: "" } }),
  artifactBytesMax: exact(rawArtifact().length, {}),
  expansionRatioMax: {
    parts: zeros,
    enough: 1100,
    tooLittle: 100,
    beside: { expansionFreeBytes: 0 },
  },
  expansionFreeBytes: {
    parts: zeros,
    enough: 5 * MIB,
    tooLittle: MIB,
    beside: { expansionRatioMax: 1 },
  },
  windowBytesMax: {
    parts: { compression: "zst", files: { zeros: new Uint8Array(MIB) } },
    enough: 2 * MIB,
    tooLittle: 64 * 1024,
  },
};
/** Where the error names another limit, because the two work together. */
const NAMED: Partial<Record<keyof ArtifactLimits, keyof ArtifactLimits>> = {
  expansionFreeBytes: "expansionRatioMax",
};

describe.each(Object.entries(CASES))("the limit %s", (name, limitCase) => {
  const limit = name as keyof ArtifactLimits;
  const { parts, enough, tooLittle, beside } = limitCase;
  const read = (max: number): Promise<unknown> =>
    inspectArtifact(chunked(rawArtifact(parts)), { limits: { ...beside, [limit]: max } });

  test("lets through what it allows", async () => {
    await read(enough);
  });

  test("stops what it does not allow, and says so", async () => {
    const error = await refusal(read(tooLittle));

    expect(error.code).toBe("limit-exceeded");
    expect(error.context).toMatchObject({ limit: NAMED[limit] ?? limit });
    expect(error.context["entry"]).toBeTypeOf("string");
  });
});

describe("a bomb is stopped with little memory and time:", () => {
  const withHeader = (compression: Compression, header: Uint8Array): Uint8Array => {
    const name = `header.tar.${compression}`;
    const version = `{"format":"mender","version":3}`;
    const manifest = `${sha256(header)}  ${name}\n${sha256(version)}  version\n`;
    return rawTar([
      { name: "version", content: version },
      { name: "manifest", content: manifest },
      { name, content: header },
    ]);
  };
  const file = (sizeBytes: number): Uint8Array =>
    rawTar(
      [{ name: "header-info", sizeField: `${sizeBytes.toString(8).padStart(11, "0")}\0` }],
      new Uint8Array(0),
    );

  test("a header of 28 MiB of zeros in gz", async () => {
    const scripts = Array.from({ length: 28 }, (_, index) => ({
      name: `scripts/ArtifactInstall_Enter_${10 + index}`,
      content: new Uint8Array(MIB),
    }));
    const info = JSON.stringify({
      payloads: [{ type: "app" }],
      artifact_provides: { artifact_name: "release-1" },
      artifact_depends: { device_type: ["board"] },
    });
    const header = gzipSync(rawTar([{ name: "header-info", content: info }, ...scripts]));

    const error = await refusal(inspectArtifact(chunked(withHeader("gz", header))));

    expect(error.context["limit"]).toBe("headerContentBytesMax");
  });

  test("a header that announces 8 GiB", async () => {
    const error = await refusal(
      inspectArtifact(chunked(withHeader("gz", gzipSync(file(2 ** 33 - 1))))),
    );

    expect(error.context).toMatchObject({ limit: "infoBytesMax", actual: 2 ** 33 - 1 });
  });

  test("payload data of 96 MiB of zeros in zst", async () => {
    const zst = zstdCompressSync(
      Buffer.concat([
        rawTar([{ name: "zeros", sizeField: "00600000000\0" }], new Uint8Array(0)),
        new Uint8Array(96 * MIB),
      ]),
    );
    const bytes = rawArtifact({
      compression: "zst",
      files: { zeros: "" },
      entries: (entries) => [...entries.slice(0, 3), { name: "data/0000.tar.zst", content: zst }],
    });

    const error = await refusal(inspectArtifact(chunked(bytes)));

    expect(error.context).toMatchObject({ limit: "expansionRatioMax", entry: "data/0000.tar.zst" });
  });

  test("an xz dictionary of 128 MiB", async () => {
    const error = await refusal(
      inspectArtifact(chunked(withHeader("xz", XZ.withDictionaryOf128MiB))),
    );

    expect(error.context).toMatchObject({ limit: "windowBytesMax", actual: 128 * MIB });
  });

  test("a manifest of 100 MiB, before it is read", async () => {
    const bytes = rawTar(
      [
        { name: "version", content: `{"format":"mender","version":3}` },
        { name: "manifest", sizeField: "00620000000\0" },
      ],
      new Uint8Array(0),
    );

    const error = await refusal(inspectArtifact(chunked(bytes)));

    expect(error.context).toMatchObject({ limit: "manifestBytesMax", actual: 100 * MIB });
  });

  test("more scripts than anybody has", async () => {
    const scripts = Array.from({ length: 300 }, (_, index) => script(`00_${index}`, 1));

    const error = await refusal(inspectArtifact(chunked(rawArtifact({ scripts }))));

    expect(error.context).toMatchObject({ limit: "scriptsMax" });
  });
});

describe("compressed data that is damaged is refused:", () => {
  const withData = (compression: Compression, data: Uint8Array): Uint8Array =>
    rawArtifact({
      compression,
      entries: (entries) =>
        entries.map((entry) =>
          entry.name.startsWith("data/") ? { ...entry, content: data } : entry,
        ),
    });
  const dataOf = (compression: "gz" | "zst"): Uint8Array => {
    const tar = rawTar([
      { name: "app.bin", content: "the application" },
      { name: "app.conf", content: "its settings" },
    ]);
    return compression === "gz" ? gzipSync(tar) : zstdCompressSync(tar);
  };

  test.each(["gz", "zst"] as const)("in %s", async (compression) => {
    const good = dataOf(compression);
    const entry = `data/0000.tar.${compression}`;
    await inspectArtifact(chunked(withData(compression, good)));

    const bad: readonly Uint8Array[] = [
      new Uint8Array(0),
      good.subarray(0, good.length - 4),
      good.subarray(1),
      Buffer.concat([good, new Uint8Array(64)]),
      Buffer.concat([good, Buffer.from("something else")]),
      Buffer.concat([good, new Uint8Array(3 * MIB)]),
    ];
    for (const data of bad)
      for (const chunkBytes of [11, 64 * 1024]) {
        const error = await refusal(
          inspectArtifact(chunked(withData(compression, data), chunkBytes)),
        );
        expect(error.code).toBe("compression-invalid");
        expect(error.context).toMatchObject({ entry });
      }
  });

  test("and what follows the compressed data is not read to its end", async () => {
    let pulled = 0;
    const bytes = withData("gz", Buffer.concat([dataOf("gz"), new Uint8Array(20 * MIB)]));
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunked(bytes, 1000)) {
        pulled += chunk.length;
        yield chunk;
      }
    };

    expect((await refusal(inspectArtifact(source()))).code).toBe("compression-invalid");
    expect(pulled).toBeLessThan(4 * MIB);
  });

  test("a second gz member that adds nothing but zeros is part of the stream", async () => {
    const twice = Buffer.concat([dataOf("gz"), gzipSync(new Uint8Array(512))]);

    await inspectArtifact(chunked(withData("gz", twice)));
  });
});
