import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chunked, collect, refusal, refusedWith, sha256 } from "./artifact.fixture.ts";
import {
  payloadFileFromBytes,
  payloadFileFromPath,
  type ArtifactDescription,
  type PayloadDescription,
} from "./artifact-description.ts";
import type { WrittenCompression } from "./compress.ts";
import { isCompatible } from "./provides.ts";
import { inspectArtifact, readArtifact } from "./read-artifact.ts";
import { prepareArtifact, writeArtifact, type ArtifactWriteOptions } from "./write-artifact.ts";

const file = payloadFileFromBytes("app.bin", Buffer.from("the application"));
const description = (changes: Partial<ArtifactDescription> = {}): ArtifactDescription => ({
  artifactName: "release-1",
  deviceTypes: ["board"],
  payloads: [{ type: "app", files: [file] }],
  ...changes,
});
const payload = (changes: Partial<PayloadDescription> = {}): ArtifactDescription =>
  description({ payloads: [{ type: "app", files: [file], ...changes }] });
const write = (of: ArtifactDescription, options?: ArtifactWriteOptions): Promise<Uint8Array> =>
  collect(writeArtifact(of, options));

describe("what is written is read back:", () => {
  const text = fc.string({ unit: "binary", minLength: 1, maxLength: 30 });
  const headerText = fc
    .string({ minLength: 1, maxLength: 40, unit: "grapheme" })
    .filter((value) => /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u.test(value));
  const name = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.,-]{0,40}$/);
  const type = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.,+-]{0,30}$/);
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 2_000 }),
    fc.integer({ min: 0, max: 100_000 }).map((length) => new Uint8Array(length).fill(7)),
  );
  const providesName = text.filter(
    (value) => !["device_type", "artifact_name", "artifact_group", "__proto__"].includes(value),
  );
  // Neither writer nor reader accepts that name, at any depth.
  const metaValue = fc
    .jsonValue({ maxDepth: 3 })
    .filter((value) => !JSON.stringify(value).includes('"__proto__":'));
  const payloads = fc.uniqueArray(
    fc.record(
      {
        type,
        files: fc.uniqueArray(fc.record({ name, content }), {
          selector: (one) => one.name,
          maxLength: 4,
        }),
        metaData: fc.option(fc.dictionary(providesName, metaValue, { maxKeys: 4 }), {
          nil: undefined,
        }),
        provides: fc.dictionary(providesName, fc.string({ maxLength: 30 }), { maxKeys: 3 }),
        clearsProvides: fc.option(fc.array(text, { maxLength: 3 }), { nil: undefined }),
      },
      { requiredKeys: ["type", "files", "provides", "metaData", "clearsProvides"] },
    ),
    { minLength: 1, maxLength: 3 },
  );
  const scripts = fc.uniqueArray(
    fc.record({
      name: fc.stringMatching(
        /^Artifact(?:Install|Reboot|Rollback|RollbackReboot|Commit|Failure)_(?:Enter|Leave|Error)_[0-9]{2}(?:_[a-z-]{1,20})?$/,
      ),
      content: fc.uint8Array({ maxLength: 600 }),
    }),
    { selector: (one) => one.name, maxLength: 4 },
  );

  test("every description, in every compression", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          artifactName: headerText,
          deviceTypes: fc.array(headerText, { minLength: 1, maxLength: 3 }),
          artifactGroup: fc.option(headerText, { nil: undefined }),
          dependsOnNames: fc.array(headerText, { maxLength: 2 }),
          scripts,
          payloads,
        }),
        fc.constantFrom<WrittenCompression>("none", "gz", "zst"),
        fc.integer({ min: 1, max: 5_000 }),
        async (input, compression, chunkBytes) => {
          // Two payloads that provide one name are refused, so each has names of its own here.
          const described: ArtifactDescription = {
            artifactName: input.artifactName,
            deviceTypes: input.deviceTypes,
            dependsOnNames: input.dependsOnNames,
            scripts: input.scripts,
            ...(input.artifactGroup === undefined ? {} : { artifactGroup: input.artifactGroup }),
            payloads: input.payloads.map(
              ({ files, metaData, provides, clearsProvides, ...rest }, index) => ({
                ...rest,
                files: files.map((one) => payloadFileFromBytes(one.name, one.content)),
                provides: Object.fromEntries(
                  Object.entries(provides).map(([key, value]) => [`${index}.${key}`, value]),
                ),
                ...(metaData === undefined
                  ? {}
                  : { metaData: JSON.parse(JSON.stringify(metaData)) as Record<string, string> }),
                ...(clearsProvides === undefined ? {} : { clearsProvides }),
              }),
            ),
          };

          const prepared = await prepareArtifact(described, { compression, compressionLevel: 1 });
          const bytes = await collect(prepared.bytes());
          const reading = await readArtifact(chunked(bytes, chunkBytes));
          const contents: string[] = [];
          for await (const one of reading.payloadFiles())
            contents.push(sha256(await collect(one.content)));
          const summary = await reading.finish();

          expect(bytes.length).toBe(prepared.sizeBytes);
          expect(summary).toMatchObject({ sizeBytes: bytes.length, sha256: sha256(bytes) });
          expect(summary.head).toEqual(prepared.head);
          expect(summary.files).toEqual(prepared.files);
          expect(contents).toEqual(
            input.payloads.flatMap(({ files }) => files.map((one) => sha256(one.content))),
          );
          expect(summary.head).toMatchObject({
            artifactName: described.artifactName,
            deviceTypes: described.deviceTypes,
            payloads: described.payloads.map(({ type: of, provides }) => ({ type: of, provides })),
          });
          expect(summary.head.payloads.map(({ metaData }) => metaData)).toEqual(
            described.payloads.map(({ metaData }) => metaData),
          );
          expect(summary.head.scripts.map(({ name: of }) => of)).toEqual(
            input.scripts.map(({ name: of }) => of),
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  test("an empty payload", async () => {
    const bytes = await write(description({ payloads: [{ type: null, files: [] }] }));

    const { head, files } = await inspectArtifact(chunked(bytes));

    expect(head.payloads).toMatchObject([{ type: null, files: [] }]);
    expect(files).toEqual([]);
  });

  test("files from the file system", async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "moult-artifact-"));
    try {
      const filePath = path.join(directory, "image.ext4");
      await writeFile(filePath, new Uint8Array(100_000).fill(3));

      const source = await payloadFileFromPath(filePath);
      const { files } = await inspectArtifact(writeArtifact(payload({ files: [source] })));

      expect(files).toMatchObject([{ name: "image.ext4", sizeBytes: 100_000 }]);
      expect((await refusal(payloadFileFromPath(directory))).code).toBe("source-failed");
      expect((await refusal(payloadFileFromPath(path.join(directory, "none")))).code).toBe(
        "source-failed",
      );
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test("the defaults of Mender's tool for a root file system", async () => {
    const { head } = await prepareArtifact(
      payload({
        type: "rootfs-image",
        hasToolDefaults: true,
        provides: { "rootfs-image.extra": "1" },
        depends: { "rootfs-image.checksum": "abc" },
      }),
    );

    expect(head.payloads[0]).toMatchObject({
      provides: {
        "rootfs-image.checksum": sha256("the application"),
        "rootfs-image.version": "release-1",
        "rootfs-image.extra": "1",
      },
      depends: { "rootfs-image.checksum": ["abc"] },
      clearsProvides: ["artifact_group", "rootfs_image_checksum", "rootfs-image.*"],
      metaDataText: "",
    });
    expect(
      isCompatible(head.depends, { device_type: "board", "rootfs-image.checksum": "abc" }),
    ).toBe(true);
  });

  test("the defaults of Mender's tool for an update module", async () => {
    const { head } = await prepareArtifact(
      payload({
        hasToolDefaults: true,
        provides: { "rootfs-image.app.version": "own" },
        clearsProvides: ["x"],
      }),
    );

    expect(head.payloads[0]).toMatchObject({
      provides: { "rootfs-image.app.version": "own" },
      clearsProvides: ["rootfs-image.app.*", "x"],
    });
    expect(head.payloads[0]).not.toHaveProperty("metaDataText");
  });
});

test.each<WrittenCompression>(["none", "gz", "zst"])(
  "equal input gives equal bytes in %s",
  async (compression) => {
    expect(await write(description(), { compression })).toEqual(
      await write(description(), { compression }),
    );
  },
);

describe("a payload that is not the same when it is read again stops the writing:", () => {
  const changing = (contents: readonly string[], sizeBytes: number): ArtifactDescription => {
    let opened = -1;
    return payload({
      files: [
        {
          name: "changing",
          sizeBytes,
          open: async function* () {
            opened += 1;
            yield Buffer.from(contents[opened] ?? "");
          },
        },
      ],
    });
  };

  test.each<WrittenCompression>(["none", "gz", "zst"])("in %s", async (compression) => {
    const cases: readonly (readonly [readonly string[], number])[] = [
      [["aaaa", "aaab"], 4],
      [["aaaa", "aaa"], 4],
      [["aaaa", "aaaaa"], 4],
      [["aaaa"], 5],
      [["aaaa"], 3],
      [
        [
          "a".repeat(5_000),
          Array.from({ length: 5_000 }, (_, index) =>
            String.fromCharCode(33 + ((index * index) % 90)),
          ).join(""),
        ],
        5_000,
      ],
    ];
    for (const [contents, sizeBytes] of cases)
      expect((await refusal(write(changing(contents, sizeBytes), { compression }))).code).toBe(
        "payload-changed",
      );
  });

  test("and an error of the source is told as such", async () => {
    const broken = payload({
      files: [
        {
          name: "broken",
          sizeBytes: 1,
          // oxlint-disable-next-line require-yield
          open: async function* () {
            throw new Error("disk on fire");
          },
        },
      ],
    });

    for (const compression of ["none", "gz"] as const)
      expect(await refusedWith(write(broken, { compression }))).toBe("source-failed broken");
  });
});

describe("a description that no artifact can have is refused:", () => {
  const named = (name: string): ArtifactDescription =>
    payload({ files: [payloadFileFromBytes(name, new Uint8Array(1))] });

  test.each<[string, ArtifactDescription, string]>([
    ["no payload", description({ payloads: [] }), "payloads"],
    ["a file with a path", named("a/b"), "payloads.0.files"],
    ["a file called ..", named(".."), "payloads.0.files"],
    ["a file with a blank", named("a b"), "payloads.0.files"],
    ["a file with an accent", named("é"), "payloads.0.files"],
    ["a file without a name", named(""), "payloads.0.files"],
    [
      "a file name that is too long for Mender's clients",
      named("n".repeat(91)),
      "payloads.0.files",
    ],
    ["two files of one name", payload({ files: [file, file] }), "payloads.0.files"],
    [
      "a size that is not a number",
      payload({ files: [{ ...file, sizeBytes: Number.NaN }] }),
      "payloads.0.files",
    ],
    ["a negative size", payload({ files: [{ ...file, sizeBytes: -1 }] }), "payloads.0.files"],
    ["a type with a path", payload({ type: "../x" }), "payloads.0.type"],
    ["an empty type", payload({ type: "" }), "payloads.0.type"],
    ["an empty payload with files", payload({ type: null }), "payloads.0"],
    [
      "an empty payload with meta-data",
      payload({ type: null, files: [], metaData: {} }),
      "payloads.0",
    ],
    [
      "a script of another name",
      description({ scripts: [{ name: "Download_Enter_00", content: new Uint8Array(0) }] }),
      "scripts",
    ],
    [
      "two scripts of one name",
      description({
        scripts: [
          { name: "ArtifactCommit_Enter_00", content: new Uint8Array(0) },
          { name: "ArtifactCommit_Enter_00", content: new Uint8Array(0) },
        ],
      }),
      "scripts",
    ],
    ["no name", description({ artifactName: "" }), "artifact_provides.artifact_name"],
    ["a name with a tab", description({ artifactName: "a\tb" }), "artifact_provides.artifact_name"],
    ["no device type", description({ deviceTypes: [] }), "artifact_depends.device_type"],
    ["a depend on nothing", payload({ depends: { kernel: [] } }), "artifact_depends.kernel"],
  ])("%s", async (_, of, field) => {
    const error = await refusal(write(of));

    expect(error.code).toBe("description-invalid");
    expect(error.context["field"]).toBe(field);
  });

  test("two payloads that provide the same", async () => {
    const one = { type: "app", files: [], provides: { version: "1" } };

    const error = await refusal(write(description({ payloads: [one, one] })));

    expect(error.context).toMatchObject({ name: "version", refusedAs: "header-invalid" });
  });

  test("a compression level that does not exist", async () => {
    for (const [compression, compressionLevel] of [
      ["gz", 0],
      ["gz", 10],
      ["zst", 20],
      ["gz", 1.5],
    ] as const)
      expect((await refusal(write(description(), { compression, compressionLevel }))).code).toBe(
        "compression-unsupported",
      );
  });
});
