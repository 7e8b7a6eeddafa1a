import { describe, expect, test } from "vitest";
import {
  chunked,
  rawArtifact,
  refusal,
  refusedWith,
  type ArtifactParts,
  type RawEntry,
} from "./artifact.fixture.ts";
import type { ArtifactHead } from "./artifact-head.ts";
import { readArtifact } from "./read-artifact.ts";

const head = async (parts: ArtifactParts): Promise<ArtifactHead> =>
  (await readArtifact(chunked(rawArtifact(parts)))).head;

const info = (
  changes: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> => ({
  payloads: [{ type: "app" }],
  artifact_provides: { artifact_name: "release-1" },
  artifact_depends: { device_type: ["board"] },
  ...changes,
});
const entry = (name: string, content: unknown): RawEntry => ({
  name,
  content: typeof content === "string" ? content : JSON.stringify(content),
});
const typeInfo = entry("headers/0000/type-info", { type: "app" });

describe("what the header says is read:", () => {
  test("groups, names, depends and provides of the artifact and of its payload together", async () => {
    const read = await head({
      headerInfo: info({
        artifact_provides: { artifact_name: "release-1", artifact_group: "stable" },
        artifact_depends: {
          device_type: ["board", "board-2"],
          artifact_name: ["release-0"],
          artifact_group: ["stable", "beta"],
        },
      }),
      typeInfo: {
        type: "app",
        artifact_provides: { "rootfs-image.app.version": "1" },
        artifact_depends: { "rootfs-image.checksum": "abc", kernel: ["5", "6"] },
        clears_artifact_provides: ["rootfs-image.app.*"],
      },
    });

    expect(read).toMatchObject({
      artifactName: "release-1",
      artifactGroup: "stable",
      deviceTypes: ["board", "board-2"],
      depends: {
        device_type: ["board", "board-2"],
        artifact_name: ["release-0"],
        artifact_group: ["stable", "beta"],
        "rootfs-image.checksum": ["abc"],
        kernel: ["5", "6"],
      },
      provides: {
        artifact_name: "release-1",
        artifact_group: "stable",
        "rootfs-image.app.version": "1",
      },
      clearsProvides: ["rootfs-image.app.*"],
    });
  });

  test("an empty list of clears is not the same as none", async () => {
    const some = await head({ typeInfo: { type: "app", clears_artifact_provides: [] } });

    expect(some.clearsProvides).toEqual([]);
    expect((await head({})).clearsProvides).toEqual(["*"]);
  });

  test("empty groups and lists, as other tools write them, are none", async () => {
    const read = await head({
      headerInfo: info({
        artifact_provides: { artifact_name: "release-1", artifact_group: "" },
        artifact_depends: { device_type: ["board"], artifact_name: [], artifact_group: [] },
      }),
    });

    expect(read).not.toHaveProperty("artifactGroup");
    expect(read.depends).toEqual({ device_type: ["board"] });
  });

  test("fields that are not known are ignored", async () => {
    await head({ headerInfo: info({ of_the_future: 1 }), typeInfo: { type: "app", more: {} } });
  });

  test("the empty type that Mender's tool 3.9 writes for a root file system", async () => {
    const parts = {
      headerInfo: info({ payloads: [{ type: "rootfs-image" }] }),
      typeInfo: { type: "" },
    };

    expect((await head(parts)).payloads[0]?.type).toBe("rootfs-image");
  });

  test("an empty payload, with no file and no data entry", async () => {
    const parts: ArtifactParts = {
      headerInfo: info({ payloads: [{ type: null }] }),
      typeInfo: { type: null },
      files: {},
      entries: (entries) => entries.slice(0, 3),
    };
    const reading = await readArtifact(chunked(rawArtifact(parts)));

    expect(reading.head.payloads).toMatchObject([{ type: null, files: [] }]);
    expect((await reading.finish()).files).toEqual([]);
  });

  test("meta-data that is empty", async () => {
    const [payload] = (await head({ metaData: "" })).payloads;

    expect(payload).not.toHaveProperty("metaData");
    expect(payload).toHaveProperty("metaDataText", "");
  });
});

describe("a header that is wrong is refused:", () => {
  test.each<[string, ArtifactParts, string]>([
    ["no payload", { headerInfo: info({ payloads: [] }) }, "payloads"],
    ["no name", { headerInfo: info({ artifact_provides: {} }) }, "artifact_provides.artifact_name"],
    [
      "an empty name",
      { headerInfo: info({ artifact_provides: { artifact_name: "" } }) },
      "artifact_provides.artifact_name",
    ],
    [
      "a name with a line break",
      { headerInfo: info({ artifact_provides: { artifact_name: "a\nb" } }) },
      "artifact_provides.artifact_name",
    ],
    [
      "a name of more than 256 bytes",
      { headerInfo: info({ artifact_provides: { artifact_name: "é".repeat(129) } }) },
      "artifact_provides.artifact_name",
    ],
    [
      "no device type",
      { headerInfo: info({ artifact_depends: {} }) },
      "artifact_depends.device_type",
    ],
    [
      "an empty list of device types",
      { headerInfo: info({ artifact_depends: { device_type: [] } }) },
      "artifact_depends.device_type",
    ],
    [
      "a device type that is a number",
      { headerInfo: info({ artifact_depends: { device_type: [1] } }) },
      "artifact_depends.device_type.0",
    ],
    [
      "a payload type with a path in it",
      { headerInfo: info({ payloads: [{ type: "../../bin/sh" }] }) },
      "payloads.0.type",
    ],
    [
      "a payload type that is an option",
      { headerInfo: info({ payloads: [{ type: "-x" }] }) },
      "payloads.0.type",
    ],
    [
      "a provide that is a number",
      { typeInfo: { type: "app", artifact_provides: { a: 1 } } },
      "artifact_provides.a",
    ],
    [
      "a depend on nothing",
      { typeInfo: { type: "app", artifact_depends: { a: [] } } },
      "artifact_depends.a",
    ],
    [
      "an empty pattern of clears",
      { typeInfo: { type: "app", clears_artifact_provides: [""] } },
      "clears_artifact_provides.0",
    ],
  ])("%s", async (_, parts, field) => {
    const error = await refusal(head(parts));

    expect(error.code).toBe("header-invalid");
    expect(error.context["field"]).toBe(field);
  });

  test.each<[string, ArtifactParts, string]>([
    [
      "other types in header-info and type-info",
      { typeInfo: { type: "other" } },
      "header-info and type-info name different types",
    ],
    [
      "an empty type that is not of a root file system",
      { typeInfo: { type: "" } },
      "header-info and type-info name different types",
    ],
    [
      "an empty type in header-info",
      { headerInfo: info({ payloads: [{ type: "" }] }), typeInfo: { type: "" } },
      "the payload has no type",
    ],
    [
      "an empty payload with files",
      { headerInfo: info({ payloads: [{ type: null }] }), typeInfo: { type: null } },
      "an empty payload has neither files nor meta-data",
    ],
    [
      "an empty payload with meta-data",
      {
        headerInfo: info({ payloads: [{ type: null }] }),
        typeInfo: { type: null },
        files: {},
        metaData: "{}",
      },
      "an empty payload has neither files nor meta-data",
    ],
    [
      "a provide in two places",
      { typeInfo: { type: "app", artifact_provides: { artifact_name: "x" } } },
      "a name given in two places",
    ],
    [
      "a depend in two places",
      { typeInfo: { type: "app", artifact_depends: { device_type: "x" } } },
      "a name given in two places",
    ],
    [
      "a name given twice",
      {
        headerEntries: [
          entry("header-info", `{"payloads":[],"payloads":[{"type":"app"}]}`),
          typeInfo,
        ],
      },
      "a name given twice",
    ],
    [
      "a name given twice, escaped",
      { headerEntries: [entry("header-info", `{"a":1,"\\u0061":2}`), typeInfo] },
      "a name given twice",
    ],
    [
      "a prototype",
      { headerEntries: [entry("header-info", `{"__proto__":{}}`), typeInfo] },
      "a name that is not accepted",
    ],
    [
      "a prototype in meta-data",
      { metaData: `{"a":[{"__proto__":1}]}` },
      "a name that is not accepted",
    ],
    ["meta-data that is no object", { metaData: "[]" }, "not a JSON object"],
    ["meta-data that is no JSON", { metaData: "{" }, "not JSON"],
    [
      "meta-data nested a thousand times",
      { metaData: `{"a":${"[".repeat(1000)}${"]".repeat(1000)}}` },
      "nested too deeply",
    ],
    [
      "JSON that is not UTF-8",
      { headerEntries: [{ name: "header-info", content: Uint8Array.of(0x22, 0xff, 0x22) }] },
      "not UTF-8",
    ],
  ])("%s", async (_, parts, reason) => {
    const error = await refusal(head(parts));

    expect(error.code).toBe("header-invalid");
    expect(error.context["reason"]).toBe(reason);
  });

  const headerInfo = entry("header-info", info());
  const script = entry("scripts/ArtifactInstall_Enter_00", "");
  const metaData = entry("headers/0000/meta-data", "{}");
  test.each<[string, readonly RawEntry[], string]>([
    ["nothing in it", [], "entry-missing header.tar:header-info"],
    ["no header-info", [typeInfo], "entry-unexpected header.tar:headers/0000/type-info"],
    [
      "two header-infos",
      [headerInfo, headerInfo, typeInfo],
      "entry-unexpected header.tar:header-info",
    ],
    ["no type-info", [headerInfo], "entry-missing header.tar:headers/0000/type-info"],
    [
      "two type-infos",
      [headerInfo, typeInfo, typeInfo],
      "entry-unexpected header.tar:headers/0000/type-info",
    ],
    [
      "the type-info of another payload",
      [headerInfo, entry("headers/0001/type-info", {})],
      "entry-unexpected header.tar:headers/0001/type-info",
    ],
    [
      "more payloads than it says",
      [headerInfo, typeInfo, entry("headers/0001/type-info", { type: "app" })],
      "entry-missing header.tar:headers/0002/type-info",
    ],
    [
      "meta-data before its type-info",
      [headerInfo, metaData, typeInfo],
      "entry-unexpected header.tar:headers/0000/meta-data",
    ],
    [
      "meta-data twice",
      [headerInfo, typeInfo, metaData, metaData],
      "entry-unexpected header.tar:headers/0000/meta-data",
    ],
    [
      "a script after the payloads",
      [headerInfo, typeInfo, script],
      "entry-unexpected header.tar:scripts/ArtifactInstall_Enter_00",
    ],
    [
      "a script twice",
      [headerInfo, script, script, typeInfo],
      "entry-unexpected header.tar:scripts/ArtifactInstall_Enter_00",
    ],
    [
      "a directory",
      [headerInfo, { name: "headers/0000/", type: "5" }, typeInfo],
      "tar-invalid header.tar",
    ],
    [
      "a symbolic link",
      [headerInfo, { name: "headers/0000/type-info", type: "2" }],
      "tar-invalid header.tar",
    ],
    [
      "an entry of no header",
      [headerInfo, { name: "headers/0000/files" }, typeInfo],
      "entry-name-refused header.tar",
    ],
    [
      "a path that leads out",
      [headerInfo, { name: "scripts/../../x" }, typeInfo],
      "entry-name-refused header.tar",
    ],
  ])("%s", async (_, headerEntries, expected) => {
    expect(await refusedWith(head({ headerEntries }))).toBe(expected);
  });

  test.each([
    `{"format":"mender","version":2}`,
    `{"format":"mender","version":4}`,
    `{"format":"mender","version":"3"}`,
    `{"format":"rauc","version":3}`,
    "{}",
  ])("a version of %s", async (version) => {
    expect(await refusedWith(head({ version }))).toBe("version-unsupported version");
  });

  test.each(["", "3", "[]", "mender 3"])(
    "a version that is no JSON object: %j",
    async (version) => {
      expect(await refusedWith(head({ version }))).toBe("header-invalid version");
    },
  );
});
