import { describe, expect, test } from "vitest";
import {
  chunked,
  rawArtifact,
  rawTar,
  refusal,
  refusedWith,
  type ArtifactParts,
  type RawEntry,
} from "./artifact.fixture.ts";
import { inspectArtifact } from "./read-artifact.ts";

const inspect = (parts: ArtifactParts): ReturnType<typeof inspectArtifact> =>
  inspectArtifact(chunked(rawArtifact(parts)));

describe("entries that an artifact does not have, or not there, are refused:", () => {
  const data = { name: "data/0001.tar", content: rawTar([]) };

  test.each<[string, ArtifactParts["entries"], string]>([
    ["no version", (entries) => entries.slice(1), "entry-unexpected manifest"],
    [
      "a manifest before the version",
      ([version, manifest, ...rest]) =>
        [manifest, version, ...rest].filter((entry) => entry !== undefined),
      "entry-unexpected manifest",
    ],
    [
      "no manifest",
      (entries) => entries.filter(({ name }) => name !== "manifest"),
      "entry-unexpected header.tar",
    ],
    [
      "two manifests",
      ([version, ...rest]) => [version, rest[0], ...rest].filter((entry) => entry !== undefined),
      "entry-unexpected manifest",
    ],
    [
      "no header",
      (entries) => entries.filter(({ name }) => name !== "header.tar"),
      "entry-unexpected data/0000.tar",
    ],
    ["nothing but version and manifest", (entries) => entries.slice(0, 2), "entry-missing header"],
    ["nothing at all", () => [], "entry-missing version"],
    ["no data", (entries) => entries.slice(0, 3), "manifest-unmet data/0000/app.bin"],
    [
      "data twice",
      (entries) => [...entries, ...entries.slice(3)],
      "entry-unexpected data/0000.tar",
    ],
    [
      "data of a payload that is not there",
      (entries) => [...entries, data],
      "entry-unexpected data/0001.tar",
    ],
    [
      "a header after the data",
      (entries) => [...entries, ...entries.slice(2, 3)],
      "entry-unexpected header.tar",
    ],
    [
      "a signature after the header",
      (entries) => [...entries.slice(0, 3), { name: "manifest.sig" }],
      "entry-unexpected manifest.sig",
    ],
    [
      "an augmented header without its manifest",
      (entries) => [...entries.slice(0, 3), { name: "header-augment.tar" }],
      "entry-unexpected header-augment.tar",
    ],
  ])("%s", async (_, entries, expected) => {
    expect(await refusedWith(inspect(entries === undefined ? {} : { entries }))).toBe(expected);
  });

  test.each([
    "../version",
    "/version",
    "./version",
    "versions",
    "data/0000.tar.bz2",
    "data/../0000.tar",
    "data/0000.tar/../x",
    "data/00000.tar",
    "data/0000",
    "manifest.sig\n",
    "data\\0000.tar",
    "ｄata/0000.tar",
  ])("an entry called %j", async (name) => {
    const error = await refusal(inspect({ entries: (entries) => [...entries, { name }] }));

    expect(error.code).toBe("entry-name-refused");
    expect(error.context).toMatchObject({ entry: "artifact", name });
  });

  test.each([
    "../app",
    "/etc/passwd",
    "a/b",
    "..",
    ".",
    "a b",
    "a\u0000b/../c",
    "naïve",
    "a\\b",
    "$x",
    "%2e%2e",
  ])("a payload file called %j", async (name) => {
    const error = await refusal(inspect({ extraData: [{ name, content: "x" }] }));

    expect(error.code).toMatch(/^(?:entry-name-refused|not-in-manifest)$/);
  });

  test.each([
    "../ArtifactInstall_Enter_00",
    "ArtifactInstall_Enter_00/../../x",
    "ArtifactInstall_Enter_0",
    "Download_Enter_00",
    "ArtifactInstall_Enter_00 x",
    "ArtifactInstall_Enter_00_é",
    "ArtifactInstall_Enter_00_",
  ])("a script called %j", async (name) => {
    const error = await refusal(inspect({ scripts: [{ name: `scripts/${name}` }] }));

    expect(error.code).toBe("entry-name-refused");
  });

  test.each<RawEntry>([
    { name: "link", type: "2" },
    { name: "link", type: "1" },
    { name: "device", type: "3" },
    { name: "device", type: "4" },
    { name: "fifo", type: "6" },
    { name: "directory/", type: "5" },
  ])("something that is no file among the payload files: $name of type $type", async (entry) => {
    expect((await refusal(inspect({ extraData: [entry] }))).code).toBe("tar-invalid");
  });
});
