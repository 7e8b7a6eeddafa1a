import { describe, expect, test } from "vitest";
import { chunked, rawArtifact, refusedWith, type ArtifactParts } from "./artifact.fixture.ts";
import { inspectArtifact } from "./read-artifact.ts";

const inspect = (parts: ArtifactParts): ReturnType<typeof inspectArtifact> =>
  inspectArtifact(chunked(rawArtifact(parts)));

describe("of several payloads,", () => {
  const two: ArtifactParts = {
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

  test("one without files needs no data entry, before or after the others", async () => {
    const second: ArtifactParts = {
      ...two,
      manifest: (lines) => lines.map((line) => line.replace("data/0000/", "data/0001/")),
      entries: (entries) =>
        entries.map((old) =>
          old.name.startsWith("data/") ? { ...old, name: "data/0001.tar" } : old,
        ),
    };

    for (const parts of [two, second]) expect((await inspect(parts)).files).toHaveLength(2);
  });

  test("one whose data entry is left out is missed when the next one comes", async () => {
    const parts: ArtifactParts = {
      ...two,
      entries: (entries) =>
        entries.map((old) =>
          old.name.startsWith("data/") ? { ...old, name: "data/0001.tar" } : old,
        ),
    };

    expect(await refusedWith(inspect(parts))).toBe("manifest-unmet data/0000/app.bin");
  });
});

describe("a manifest that is wrong is refused:", () => {
  const digest = "0".repeat(64);

  test.each([
    "",
    `${digest} version`,
    `${digest}   version`,
    `${digest}  a b`,
    `${digest}\tversion`,
    `${"0".repeat(63)}  data/0000/x`,
    `  data/0000/x`,
    `${"A".repeat(64)}  data/0000/x`,
    `${digest}  `,
    `${digest}  ../x`,
    `${digest}  data/0000/../x`,
    `${digest}  data/0000/..`,
    `${digest}  data/0000/x/y`,
    `${digest}  data/0/x`,
    `${digest}  manifest`,
    `${digest}  data/0000.tar`,
    `${digest}  data/0000/naïve`,
    `${digest}  version`,
  ])("a line of %j", async (line) => {
    expect(await refusedWith(inspect({ manifest: (lines) => [...lines, line] }))).toBe(
      "manifest-invalid manifest",
    );
  });

  test("a last line without an end", async () => {
    const parts: ArtifactParts = {
      entries: (entries) =>
        entries.map((old) =>
          old.name === "manifest" ? { ...old, content: String(old.content).trimEnd() } : old,
        ),
    };

    expect(await refusedWith(inspect(parts))).toBe("manifest-invalid manifest");
  });
});
