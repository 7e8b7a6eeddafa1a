import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { concatBytes } from "@moult/base";
import type { Compression } from "./artifact-head.ts";
import { ArtifactError } from "./artifact-error.ts";

/** One entry of a tar that may be wrong in any way: built here and not by the writer, which makes no wrong ones. */
export interface RawEntry {
  readonly name: string;
  readonly content?: Uint8Array | string;
  readonly type?: string;
  /** Stands in the header instead of the content's own length. */
  readonly sizeField?: string | Uint8Array;
  readonly magic?: string;
  readonly prefix?: string;
  readonly hasWrongChecksum?: boolean;
  readonly padding?: number;
}

const bytesOf = (content: Uint8Array | string): Uint8Array =>
  typeof content === "string" ? new Uint8Array(Buffer.from(content)) : content;

export const sha256 = (content: Uint8Array | string): string =>
  createHash("sha256").update(content).digest("hex");

export function rawEntry(entry: RawEntry): Uint8Array {
  const content = bytesOf(entry.content ?? "");
  const header = Buffer.alloc(512);
  header.write(entry.name, 0, 100, "utf8");
  header.write("0000644\0", 100);
  header.write("0000000\0".repeat(2), 108);
  const size = entry.sizeField ?? `${content.length.toString(8).padStart(11, "0")}\0`;
  header.set(bytesOf(size), 124);
  header.write("00000000000\0", 136);
  header.write(entry.type ?? "0", 156);
  header.write(entry.magic ?? "ustar\u000000", 257, "latin1");
  header.write(entry.prefix ?? "", 345);
  header.write("        ", 148);
  const sum = header.reduce((total, byte) => total + byte, entry.hasWrongChecksum === true ? 1 : 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512, entry.padding ?? 0);
  return concatBytes([header, content, padding]);
}

export const TAR_END = new Uint8Array(1024);

export function rawTar(entries: readonly RawEntry[], end: Uint8Array = TAR_END): Uint8Array {
  return concatBytes([...entries.map(rawEntry), end]);
}

export function compressed(compression: Compression, bytes: Uint8Array): Uint8Array {
  if (compression === "gz") return gzipSync(bytes);
  if (compression === "zst") return zstdCompressSync(bytes);
  if (compression === "none") return bytes;
  throw new Error("nothing here writes xz");
}

const suffix = (compression: Compression): string =>
  compression === "none" ? "" : `.${compression}`;

/** The parts of an artifact, each of which a test may replace. */
export interface ArtifactParts {
  readonly compression?: Compression;
  readonly version?: string;
  readonly headerInfo?: unknown;
  readonly typeInfo?: unknown;
  /** The entries of the header tar, instead of those of `headerInfo` and `typeInfo`. */
  readonly headerEntries?: readonly RawEntry[];
  /** Before the payload's own headers. */
  readonly scripts?: readonly RawEntry[];
  readonly metaData?: string;
  /** Files of payload 0, by name. */
  readonly files?: Readonly<Record<string, Uint8Array | string>>;
  /** Files in the data tar that the manifest does not name. */
  readonly extraData?: readonly RawEntry[];
  readonly manifest?: (lines: readonly string[]) => readonly string[];
  readonly signature?: Uint8Array | string;
  /** Changes the outer entries just before they become a tar. */
  readonly entries?: (entries: readonly RawEntry[]) => readonly RawEntry[];
}

const HEADER_INFO = {
  payloads: [{ type: "app" }],
  artifact_provides: { artifact_name: "release-1" },
  artifact_depends: { device_type: ["board"] },
};

export const FILES = { "app.bin": "the application", "app.conf": "its settings" };

/** A valid artifact of one payload with two files, but for what `parts` says. */
export function rawArtifact(parts: ArtifactParts = {}): Uint8Array {
  const compression = parts.compression ?? "none";
  const files = parts.files ?? FILES;
  const version = parts.version ?? `{"format":"mender","version":3}`;
  const headerEntries = parts.headerEntries ?? [
    { name: "header-info", content: JSON.stringify(parts.headerInfo ?? HEADER_INFO) },
    ...(parts.scripts ?? []),
    {
      name: "headers/0000/type-info",
      content: JSON.stringify(parts.typeInfo ?? { type: "app" }),
    },
    ...(parts.metaData === undefined
      ? []
      : [{ name: "headers/0000/meta-data", content: parts.metaData }]),
  ];
  const header = compressed(compression, rawTar(headerEntries));
  const headerName = `header.tar${suffix(compression)}`;
  const lines = [
    ...Object.entries(files).map(([name, content]) => `${sha256(content)}  data/0000/${name}`),
    `${sha256(header)}  ${headerName}`,
    `${sha256(version)}  version`,
  ];
  const manifest = (parts.manifest?.(lines) ?? lines).map((line) => `${line}\n`).join("");
  const data = rawTar([
    ...Object.entries(files).map(([name, content]) => ({ name, content })),
    ...(parts.extraData ?? []),
  ]);
  const entries: readonly RawEntry[] = [
    { name: "version", content: version },
    { name: "manifest", content: manifest },
    ...(parts.signature === undefined ? [] : [{ name: "manifest.sig", content: parts.signature }]),
    { name: headerName, content: header },
    { name: `data/0000.tar${suffix(compression)}`, content: compressed(compression, data) },
  ];
  return rawTar(parts.entries?.(entries) ?? entries);
}

/** `bytes` as a stream of chunks of `chunkBytes`. */
export async function* chunked(
  bytes: Uint8Array,
  chunkBytes = 64 * 1024,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

export async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return concatBytes(parts);
}

/** What an operation that must fail is refused with; anything but an `ArtifactError` fails the test. */
export async function refusal(operation: Promise<unknown>): Promise<ArtifactError> {
  try {
    await operation;
  } catch (error) {
    if (error instanceof ArtifactError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

/** Code and entry of a refusal, for tables. */
export async function refusedWith(operation: Promise<unknown>): Promise<string> {
  const { code, context } = await refusal(operation);
  const where = context["entry"] ?? context["field"];
  return typeof where === "string" ? `${code} ${where}` : code;
}
