import type { Compression } from "./artifact-head.ts";
import { ArtifactError } from "./artifact-error.ts";

// The only names an artifact may hold, each read by one anchored pattern: what does not match is refused, so no name can
// leave the directory somebody later makes of it.

const SUFFIX_COMPRESSION: Readonly<Record<string, Compression>> = {
  "": "none",
  ".gz": "gz",
  ".xz": "xz",
  ".zst": "zst",
};

/** An entry of the outer tar (section 2). */
export type ArtifactEntryName =
  | { readonly kind: "version" | "manifest" | "manifest.sig" | "manifest-augment" }
  | { readonly kind: "header" | "header-augment"; readonly compression: Compression }
  | { readonly kind: "data"; readonly payloadIndex: number; readonly compression: Compression };

/** An entry of the header tar (section 2.2). */
export type HeaderEntryName =
  | { readonly kind: "header-info" }
  | { readonly kind: "script"; readonly name: string }
  | { readonly kind: "type-info" | "meta-data"; readonly payloadIndex: number };

/** Undefined for a name that no artifact has. */
export function parseArtifactEntryName(name: string): ArtifactEntryName | undefined {
  switch (name) {
    case "version":
    case "manifest":
    case "manifest.sig":
    case "manifest-augment":
      return { kind: name };
  }
  const match = /^(header|header-augment|data\/([0-9]{4}))\.tar(|\.gz|\.xz|\.zst)$/.exec(name);
  const compression = SUFFIX_COMPRESSION[match?.[3] ?? "?"];
  if (match === null || compression === undefined) return undefined;
  if (match[2] !== undefined) return { kind: "data", payloadIndex: Number(match[2]), compression };
  return { kind: match[1] === "header" ? "header" : "header-augment", compression };
}

/** Undefined for a name that no header has. */
export function parseHeaderEntryName(name: string): HeaderEntryName | undefined {
  if (name === "header-info") return { kind: "header-info" };
  if (name.startsWith("scripts/")) {
    const script = name.slice("scripts/".length);
    return isScriptName(script) ? { kind: "script", name: script } : undefined;
  }
  const match = /^headers\/([0-9]{4})\/(type-info|meta-data)$/.exec(name);
  if (match === null) return undefined;
  return {
    kind: match[2] === "type-info" ? "type-info" : "meta-data",
    payloadIndex: Number(match[1]),
  };
}

/** `data/0000/rootfs.ext4`: how the manifest names a payload file. Undefined for anything else. */
export function parsePayloadFilePath(
  path: string,
): { readonly payloadIndex: number; readonly name: string } | undefined {
  const match = /^data\/([0-9]{4})\/([^/]+)$/.exec(path);
  const name = match?.[2];
  if (match === null || name === undefined || !isPayloadFileName(name)) return undefined;
  return { payloadIndex: Number(match[1]), name };
}

const fourDigits = (index: number): string => String(index).padStart(4, "0");

export function payloadFilePath(payloadIndex: number, name: string): string {
  return `data/${fourDigits(payloadIndex)}/${name}`;
}

export function dataEntryName(payloadIndex: number, compression: Compression): string {
  return `data/${fourDigits(payloadIndex)}.tar${compressionSuffix(compression)}`;
}

export function headerEntryName(compression: Compression): string {
  return `header.tar${compressionSuffix(compression)}`;
}

export function payloadHeaderName(payloadIndex: number, kind: "type-info" | "meta-data"): string {
  return `headers/${fourDigits(payloadIndex)}/${kind}`;
}

function compressionSuffix(compression: Compression): string {
  return compression === "none" ? "" : `.${compression}`;
}

/** Section 2.1: a base name of letters, digits and `-_.,`. */
export function isPayloadFileName(name: string): boolean {
  return /^[A-Za-z0-9_\-.,]+$/.test(name) && name !== "." && name !== "..";
}

/** Section 2.2. The description after the number is anything printable that is not a blank or a slash. */
export function isScriptName(name: string): boolean {
  return /^Artifact(?:Install|Reboot|Rollback|RollbackReboot|Commit|Failure)_(?:Enter|Leave|Error)_[0-9]{2}(?:_[!-.0-~]+)?$/.test(
    name,
  );
}

/** The name of an update module is a file name on the device. */
export function isPayloadType(type: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_\-.,+]{0,127}$/.test(type);
}

/** A name an entry may not have, as an error that says where it stood. */
export function refusedName(archive: string, name: string): ArtifactError {
  return new ArtifactError("entry-name-refused", { entry: archive, name: name.slice(0, 300) });
}
