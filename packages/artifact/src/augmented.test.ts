import { describe, expect, test } from "vitest";
import {
  FILES,
  chunked,
  rawArtifact,
  rawTar,
  refusal,
  refusedWith,
  sha256,
  type RawEntry,
} from "./artifact.fixture.ts";
import { inspectArtifact } from "./read-artifact.ts";

const HEADER_INFO = JSON.stringify({
  payloads: [{ type: "app" }],
  artifact_provides: { artifact_name: "release-1" },
  artifact_depends: { device_type: ["board"] },
});

interface AugmentParts {
  readonly headerEntries?: readonly RawEntry[];
  readonly lines?: (lines: readonly string[]) => readonly string[];
  readonly file?: RawEntry;
}

/** An artifact with an augmented file, `added`, of payload 0. */
function augmented({ headerEntries, lines, file }: AugmentParts = {}): Uint8Array {
  const header = rawTar(
    headerEntries ?? [
      { name: "header-info", content: HEADER_INFO },
      { name: "headers/0000/type-info", content: `{"type":"app","artifact_provides":{"x":"y"}}` },
    ],
  );
  const manifestLines = [
    `${sha256(header)}  header-augment.tar`,
    `${sha256("more")}  data/0000/added`,
  ];
  const manifest = (lines?.(manifestLines) ?? manifestLines).map((line) => `${line}\n`).join("");
  return rawArtifact({
    extraData: [file ?? { name: "added", content: "more" }],
    entries: ([version, main, headerTar, data]) =>
      [
        version,
        main,
        { name: "manifest-augment", content: manifest },
        headerTar,
        { name: "header-augment.tar", content: header },
        data,
      ].filter((entry) => entry !== undefined),
  });
}

const inspect = (bytes: Uint8Array): ReturnType<typeof inspectArtifact> =>
  inspectArtifact(chunked(bytes), { augmented: "read" });

test("augmented parts are refused unless they are asked for", async () => {
  expect(await refusedWith(inspectArtifact(chunked(augmented())))).toBe(
    "augmented-refused manifest-augment",
  );
});

test("augmented parts are read beside the signed ones, which they do not change", async () => {
  const { head, files } = await inspect(augmented());

  expect(head.augment?.payloads).toMatchObject([
    { type: "app", provides: { x: "y" }, files: [{ name: "added", sha256: sha256("more") }] },
  ]);
  expect(head.provides).toEqual({ artifact_name: "release-1" });
  expect(head.payloads[0]?.files.map(({ name }) => name)).toEqual(Object.keys(FILES));
  expect(files.map(({ name }) => name)).toEqual([...Object.keys(FILES), "added"]);
});

test("an augmented header may leave the type empty, to override nothing", async () => {
  const headerEntries = [
    { name: "header-info", content: HEADER_INFO.replace(`"app"`, `""`) },
    { name: "headers/0000/type-info", content: `{"type":""}` },
  ];

  expect((await inspect(augmented({ headerEntries }))).head.augment?.payloads[0]?.type).toBe("");
});

describe("augmented parts that are wrong are refused:", () => {
  test.each<[string, AugmentParts, string]>([
    [
      "a file that no line names",
      { lines: (lines) => lines.slice(0, 1) },
      "not-in-manifest data/0000.tar:added",
    ],
    [
      "a file with other content",
      { file: { name: "added", content: "else" } },
      "digest-mismatch data/0000.tar:added",
    ],
    [
      "a header that no line names",
      { lines: (lines) => lines.slice(1) },
      "not-in-manifest header-augment.tar",
    ],
    [
      "a file that the manifest has",
      { lines: (lines) => [...lines, `${sha256("evil")}  data/0000/app.bin`] },
      "manifest-invalid manifest-augment",
    ],
    [
      "another version",
      { lines: (lines) => [...lines, `${sha256("")}  version`] },
      "manifest-unmet version",
    ],
    [
      "another header",
      { lines: (lines) => [...lines, `${sha256("")}  header.tar`] },
      "manifest-unmet header.tar",
    ],
    [
      "a file that is not there",
      { lines: (lines) => [...lines, `${sha256("")}  data/0000/gone`] },
      "manifest-unmet data/0000/gone",
    ],
  ])("%s", async (_, parts, expected) => {
    expect(await refusedWith(inspect(augmented(parts)))).toBe(expected);
  });

  test("scripts", async () => {
    const headerEntries = [
      { name: "header-info", content: HEADER_INFO },
      { name: "scripts/ArtifactInstall_Enter_00", content: "" },
      { name: "headers/0000/type-info", content: `{"type":"app"}` },
    ];

    expect((await refusal(inspect(augmented({ headerEntries })))).context["reason"]).toBe(
      "an augmented header has no scripts",
    );
  });
});
