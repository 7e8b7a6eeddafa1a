import { ArtifactError } from "./artifact-error.ts";
import { parseArtifactEntryName, parsePayloadFilePath } from "./entry-name.ts";

/** Paths to SHA-256 in lower-case hexadecimal, in the order of the file (section 2.1). */
export type Manifest = ReadonlyMap<string, string>;

/**
 * Reads `manifest` or `manifest-augment`: lines of `<64 hex>  <path>`. Every line must name something an artifact can
 * have, with a digest of full length, so that no line can pass as "no check".
 */
export function parseManifest(bytes: Uint8Array, entry: string, nameBytesMax: number): Manifest {
  const manifest = new Map<string, string>();
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .toString("latin1")
    .split("\n");
  if (lines.pop() !== "") refuse(entry, "the last line has no end", lines.length);
  for (const [index, line] of lines.entries()) {
    const [, digest, path] = /^([0-9a-f]{64}) {2}([!-~]+)$/.exec(line) ?? [];
    if (digest === undefined || path === undefined)
      refuse(entry, "not a line of 64 hexadecimal digits, two blanks and a path", index + 1);
    if (path.length > nameBytesMax)
      throw new ArtifactError("limit-exceeded", {
        entry,
        limit: "nameBytesMax",
        max: nameBytesMax,
        actual: path.length,
      });
    if (manifest.has(path)) refuse(entry, "a path given twice", index + 1, path);
    if (!mayHaveDigest(path)) refuse(entry, "a path that no artifact has", index + 1, path);
    manifest.set(path, digest);
  }
  return manifest;
}

export function formatManifest(manifest: Manifest): Uint8Array {
  const lines = Array.from(manifest, ([path, digest]) => `${digest}  ${path}\n`);
  return Buffer.from(lines.join(""), "latin1");
}

function mayHaveDigest(path: string): boolean {
  const kind = parseArtifactEntryName(path)?.kind;
  return (
    kind === "version" ||
    kind === "header" ||
    kind === "header-augment" ||
    parsePayloadFilePath(path) !== undefined
  );
}

function refuse(entry: string, reason: string, line: number, path?: string): never {
  throw new ArtifactError("manifest-invalid", {
    entry,
    reason,
    line,
    ...(path === undefined ? {} : { path: path.slice(0, 300) }),
  });
}
