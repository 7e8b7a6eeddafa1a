import type { ArtifactSummary } from "@moult/artifact";
import { sizeText } from "../terminal/size-text.ts";
import { factsText } from "../terminal/table-text.ts";

/** All that is known of an artifact file, for programs; scripts by name and digest, not by content. */
export function artifactJson({ head, files, sizeBytes, sha256 }: ArtifactSummary): unknown {
  const { scripts, headerInfoText: _, payloads, sha256: headSha256, ...rest } = head;
  return {
    ...rest,
    headSha256,
    headSizeBytes: head.sizeBytes,
    sizeBytes,
    sha256,
    payloads: payloads.map(({ index, type, provides, depends, clearsProvides, metaData }) => ({
      index,
      type,
      provides,
      depends,
      ...(clearsProvides === undefined ? {} : { clearsProvides }),
      ...(metaData === undefined ? {} : { metaData }),
      files: files
        .filter(({ payloadIndex }) => payloadIndex === index)
        .map(({ payloadIndex: _index, ...file }) => file),
    })),
    scripts: scripts.map((script) => ({ name: script.name, sha256: script.sha256 })),
  };
}

export function artifactText({ head, files, sizeBytes, sha256 }: ArtifactSummary): string {
  const lines = (values: readonly string[]): string | undefined =>
    values.length === 0 ? undefined : values.join("\n");
  const depends = Object.entries(head.depends).filter(([name]) => name !== "device_type");
  return [
    factsText([
      ["Artifact", head.artifactName],
      ["Group", head.artifactGroup],
      ["Hardware types", head.deviceTypes.join(", ")],
      ["Signature", head.signature.kind === "unsigned" ? "none" : "there is one, not checked"],
      ["Size", sizeText(sizeBytes)],
      ["SHA-256", sha256],
      [
        "Provides",
        lines(Object.entries(head.provides).map(([name, value]) => `${name}: ${value}`)),
      ],
      ["Depends", lines(depends.map(([name, values]) => `${name}: ${values.join(" or ")}`))],
      ["Clears", lines(head.clearsProvides)],
      ["Scripts", lines(head.scripts.map(({ name }) => name))],
    ]),
    ...head.payloads.map(({ index, type, metaData }) =>
      factsText([
        [`Payload ${index}`, type ?? "empty"],
        ["  Meta-data", metaData === undefined ? undefined : JSON.stringify(metaData, null, 2)],
        ...files
          .filter(({ payloadIndex }) => payloadIndex === index)
          .map(
            (file) => [`  ${file.name}`, `${sizeText(file.sizeBytes)}, ${file.sha256}`] as const,
          ),
      ]),
    ),
  ].join("\n\n");
}
