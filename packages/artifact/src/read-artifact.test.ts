import { once } from "node:events";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { InvariantError } from "@moult/base";
import {
  FILES,
  chunked,
  collect,
  compressed,
  rawArtifact,
  rawTar,
  refusal,
  refusedWith,
  sha256,
  type ArtifactParts,
  type RawEntry,
} from "./artifact.fixture.ts";
import type { Compression } from "./artifact-head.ts";
import {
  inspectArtifact,
  readArtifact,
  verifyArtifact,
  type ArtifactReadOptions,
  type PayloadFileReading,
} from "./read-artifact.ts";

const inspect = (parts: ArtifactParts, options?: ArtifactReadOptions): Promise<unknown> =>
  inspectArtifact(chunked(rawArtifact(parts)), options);

/** Replaces one of the outer entries, by name. */
const replacing =
  (name: string, entry: RawEntry) =>
  (entries: readonly RawEntry[]): readonly RawEntry[] =>
    entries.map((old) => (old.name === name ? entry : old));

describe("a sound artifact", () => {
  test.each<Compression>(["none", "gz", "zst"])(
    "is read with compression %s",
    async (compression) => {
      const bytes = rawArtifact({ compression });

      const summary = await inspectArtifact(chunked(bytes));

      expect(summary.head).toMatchObject({
        formatVersion: 3,
        artifactName: "release-1",
        deviceTypes: ["board"],
        depends: { device_type: ["board"] },
        provides: { artifact_name: "release-1" },
        clearsProvides: ["*"],
        signature: { kind: "unsigned" },
        headerCompression: compression,
      });
      expect(summary.files).toEqual(
        Object.entries(FILES).map(([name, content]) => ({
          payloadIndex: 0,
          name,
          sizeBytes: content.length,
          sha256: sha256(content),
        })),
      );
      expect(summary).toMatchObject({ sizeBytes: bytes.length, sha256: sha256(bytes) });
    },
  );

  test("has a head whose digest covers every byte before the payload data", async () => {
    const bytes = rawArtifact({ compression: "gz" });

    const { head } = await inspectArtifact(chunked(bytes));

    const dataHeader = Buffer.from(bytes).indexOf("data/0000.tar.gz\0");
    expect(head.sizeBytes).toBe(dataHeader);
    expect(head.sha256).toBe(sha256(bytes.subarray(0, dataHeader)));
  });

  test("gives its head to a reader that has only the bytes of the head", async () => {
    const bytes = rawArtifact();
    const { head } = await inspectArtifact(chunked(bytes));

    const alone = await readArtifact(chunked(bytes.subarray(0, head.sizeBytes)));

    expect(alone.head).toEqual(head);
    expect(await refusedWith(alone.finish())).toBe("artifact-truncated artifact");
  });

  test("is read alike in chunks of any size and from a Node stream", async () => {
    const bytes = rawArtifact({ compression: "gz", metaData: `{"a":[1,{"b":null}]}` });
    const whole = await inspectArtifact(chunked(bytes, bytes.length));

    for (const chunkBytes of [1, 13, 512, 4096])
      expect(await inspectArtifact(chunked(bytes, chunkBytes))).toEqual(whole);
    expect(await inspectArtifact(Readable.from(chunked(bytes, 100)))).toEqual(whole);
    const { sha256: _, ...verified } = whole;
    expect(await verifyArtifact(chunked(bytes))).toEqual(verified);
  });

  test("gives out its files in order, with their content", async () => {
    const reading = await readArtifact(chunked(rawArtifact({ compression: "gz" })));

    const files: Record<string, string> = {};
    for await (const file of reading.payloadFiles())
      files[file.name] = Buffer.from(await collect(file.content)).toString();

    expect(files).toEqual(FILES);
    expect((await reading.finish()).files).toHaveLength(2);
  });

  test("is verified to its end also where the reader of its files does not look", async () => {
    const reading = await readArtifact(chunked(rawArtifact(), 10));
    for await (const file of reading.payloadFiles()) {
      for await (const _ of file.content) break;
      break;
    }

    expect((await reading.finish()).files).toHaveLength(2);
    expect(await reading.finish()).toBe(await reading.finish());
  });

  test("may be read by a stream that reads ahead and is dropped half-way", async () => {
    const reading = await readArtifact(chunked(rawArtifact(), 4));
    for await (const file of reading.payloadFiles()) {
      const stream = Readable.from(file.content);
      await once(stream, "readable");
      stream.destroy();
    }

    expect((await reading.finish()).files).toHaveLength(2);
  });

  test("does not pass for read to whoever still reads a file when the next one is asked for", async () => {
    const reading = await readArtifact(chunked(rawArtifact(), 4));
    const files = reading.payloadFiles()[Symbol.asyncIterator]();
    const first = await files.next();
    const content = (first.value as PayloadFileReading).content[Symbol.asyncIterator]();
    await content.next();
    await files.next();

    await expect(content.next()).rejects.toThrow(InvariantError);
  });

  test("gives scripts, meta-data and the texts that update modules get", async () => {
    const script = { name: "ArtifactInstall_Enter_05_check", content: "#!/bin/sh\nexit 0\n" };
    const metaData = `{"key": "value", "list": [1, "x"]}`;
    const { head } = await readArtifact(
      chunked(
        rawArtifact({
          scripts: [{ ...script, name: `scripts/${script.name}` }],
          metaData,
        }),
      ),
    );

    expect(head.scripts).toEqual([
      {
        name: script.name,
        content: new Uint8Array(Buffer.from(script.content)),
        sha256: sha256(script.content),
      },
    ]);
    expect(head.payloads[0]).toMatchObject({
      metaData: { key: "value", list: [1, "x"] },
      metaDataText: metaData,
      typeInfoText: `{"type":"app"}`,
    });
  });

  test("may say a size in its tar that is larger than 2^32", async () => {
    const reading = await readArtifact(
      chunked(
        rawArtifact({
          files: { big: "" },
          entries: replacing("data/0000.tar", {
            name: "data/0000.tar",
            sizeField: "77777777777\0",
            content: rawTar([{ name: "big", sizeField: "70000000000\0" }], new Uint8Array(0)),
          }),
        }),
      ),
    );

    for await (const file of reading.payloadFiles()) {
      expect(file.sizeBytes).toBe(0o70000000000);
      break;
    }
    expect(await refusedWith(reading.finish())).toBe("artifact-truncated artifact");
  });
});

describe("an artifact that is not what its manifest says is refused:", () => {
  const otherHeader = compressed("none", rawTar([{ name: "header-info", content: "{}" }]));

  test.each<[string, ArtifactParts, string]>([
    [
      "a payload file that the manifest does not name",
      { extraData: [{ name: "evil", content: "x" }] },
      "not-in-manifest data/0000.tar:evil",
    ],
    [
      "a payload file that comes twice",
      { extraData: [{ name: "app.bin", content: FILES["app.bin"] }] },
      "not-in-manifest data/0000.tar:app.bin",
    ],
    [
      "a payload file with other content",
      { manifest: (lines) => [lines[0]?.replace(/^.{8}/, "00000000") ?? "", ...lines.slice(1)] },
      "digest-mismatch data/0000.tar:app.bin",
    ],
    [
      "a line without its payload file",
      { manifest: (lines) => [...lines, `${sha256("")}  data/0000/gone`] },
      "manifest-unmet data/0000/gone",
    ],
    [
      "a line of a payload that does not exist",
      { manifest: (lines) => [...lines, `${sha256("")}  data/0001/gone`] },
      "manifest-unmet data/0001/gone",
    ],
    [
      "a line of a header that does not exist",
      { manifest: (lines) => [...lines, `${sha256("")}  header.tar.gz`] },
      "manifest-unmet header.tar.gz",
    ],
    [
      "a line of an augmented header",
      { manifest: (lines) => [...lines, `${sha256("")}  header-augment.tar`] },
      "manifest-unmet header-augment.tar",
    ],
    [
      "a header with other content",
      { entries: replacing("header.tar", { name: "header.tar", content: otherHeader }) },
      "digest-mismatch header.tar",
    ],
    [
      "a header that the manifest does not name",
      { manifest: (lines) => lines.filter((line) => !line.endsWith("header.tar")) },
      "not-in-manifest header.tar",
    ],
    [
      "a version that the manifest does not name",
      { manifest: (lines) => lines.filter((line) => !line.endsWith("version")) },
      "not-in-manifest version",
    ],
    [
      "a version with other content",
      {
        entries: replacing("version", {
          name: "version",
          content: `{"version":3,"format":"mender"}`,
        }),
      },
      "digest-mismatch version",
    ],
  ])("%s", async (_, parts, expected) => {
    expect(await refusedWith(inspect(parts))).toBe(expected);
  });

  test("and a file that no line covers gives out none of its bytes", async () => {
    const reading = await readArtifact(
      chunked(rawArtifact({ extraData: [{ name: "evil", content: "x" }] })),
    );
    const seen: string[] = [];

    const reads = async (): Promise<void> => {
      for await (const file of reading.payloadFiles()) {
        seen.push(file.name);
        await collect(file.content);
      }
    };

    expect(await refusedWith(reads())).toBe("not-in-manifest data/0000.tar:evil");
    expect(seen).toEqual(Object.keys(FILES));
  });

  test("and the error stays: nothing that follows can finish", async () => {
    const reading = await readArtifact(
      chunked(rawArtifact({ extraData: [{ name: "evil", content: "x" }] })),
    );

    await refusal(reading.finish());

    expect(await refusedWith(reading.finish())).toBe("not-in-manifest data/0000.tar:evil");
    expect(await refusedWith(collect(firstContent(reading.payloadFiles())))).toContain("evil");
  });
});

async function* firstContent(
  files: AsyncIterable<{ readonly content: AsyncIterable<Uint8Array> }>,
): AsyncGenerator<Uint8Array> {
  for await (const file of files) yield* file.content;
}

describe("a source", () => {
  test("that fails is told apart from an artifact that is bad", async () => {
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield rawArtifact().subarray(0, 3000);
      throw new Error("connection reset");
    };

    const error = await refusal(inspectArtifact(broken()));

    expect(error.code).toBe("source-failed");
    expect(error.cause).toMatchObject({ message: "connection reset" });
  });

  test("is told when reading stops, by an error or by the reader", async () => {
    let closed = 0;
    const watched = async function* (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
      try {
        yield* chunked(bytes, 512);
      } finally {
        closed += 1;
      }
    };

    await refusal(readArtifact(watched(rawArtifact({ version: "{}" }))));
    expect(closed).toBe(1);

    const reading = await readArtifact(watched(rawArtifact()));
    await reading.close();
    expect(closed).toBe(2);
    expect(await refusedWith(reading.finish())).toBe("source-failed");
  });

  test("that is cut off anywhere gives no artifact", async () => {
    const bytes = rawArtifact({ compression: "gz" });

    for (let length = 0; length < bytes.length; length += 97)
      expect(await refusedWith(inspectArtifact(chunked(bytes.subarray(0, length))))).toMatch(
        /^artifact-truncated/,
      );
  });
});
