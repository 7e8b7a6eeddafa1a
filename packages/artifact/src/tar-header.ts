import { ArtifactError } from "./artifact-error.ts";

// POSIX.1-1988 ustar, POSIX.1-2001 pax and GNU headers, as far as Mender's tools and common tars write them.

export const TAR_BLOCK_BYTES = 512;

/** The octal size field of ustar has eleven digits. */
const USTAR_SIZE_MAX = 0o77777777777;
const PAX_BYTES_MAX = 64 * 1024;

export interface TarHeader {
  readonly kind: "file" | "pax";
  readonly name: string;
  readonly sizeBytes: number;
}

/** What a pax extended header may change of the entry that follows it. */
export interface PaxOverrides {
  readonly name?: string;
  readonly sizeBytes?: number;
}

const latin1 = new TextDecoder("latin1");
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** How many zero bytes follow `sizeBytes` of content, up to the next block. */
export function tarPaddingBytes(sizeBytes: number): number {
  return (TAR_BLOCK_BYTES - (sizeBytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;
}

/** Throws `tar-invalid`; `archive` names the tar in the error. */
export function refuseTar(
  archive: string,
  reason: string,
  more: Record<string, unknown> = {},
): never {
  throw new ArtifactError("tar-invalid", { entry: archive, reason, ...more });
}

/**
 * Reads one header block that is not all zeros.
 *
 * Stricter than most tars on purpose: regular files and pax headers are the only kinds; links, directories, devices,
 * sparse files and GNU's long names are refused by their kind, before anything acts on them.
 */
export function readTarHeader(block: Uint8Array, archive: string): TarHeader {
  if (tarChecksum(block) !== readOctal(block.subarray(148, 156)))
    refuseTar(archive, "the checksum of a header is wrong");
  const magic = latin1.decode(block.subarray(257, 265));
  const isPosix = magic === "ustar\u000000";
  if (!isPosix && magic !== "ustar  \u0000") refuseTar(archive, "neither a POSIX nor a GNU tar");

  const name = readText(block.subarray(0, 100), archive);
  // GNU keeps other things where POSIX has the prefix.
  const prefix = isPosix ? readText(block.subarray(345, 500), archive) : "";
  const path = prefix === "" ? name : `${prefix}/${name}`;

  const type = String.fromCharCode(block[156] ?? 0);
  if (type !== "0" && type !== "\0" && type !== "x")
    refuseTar(archive, "only regular files are accepted", { name: path, type });
  const sizeBytes = readSize(block.subarray(124, 136));
  if (sizeBytes === undefined) refuseTar(archive, "a size that is not a number", { name: path });
  if (type === "x" && sizeBytes > PAX_BYTES_MAX)
    refuseTar(archive, "the pax header is too large", { name: path, sizeBytes });
  return { kind: type === "x" ? "pax" : "file", name: path, sizeBytes };
}

/** Reads the records `<length> <key>=<value>\n` of a pax header. Keys that do not change name or size are ignored. */
export function readPaxRecords(content: Uint8Array, archive: string): PaxOverrides {
  const seen = new Map<string, string>();
  let offset = 0;
  while (offset < content.length) {
    const space = content.indexOf(0x20, offset);
    const digits = space < 0 ? "" : latin1.decode(content.subarray(offset, space));
    const end = offset + (/^[1-9][0-9]{0,5}$/.test(digits) ? Number(digits) : 0);
    const equals = content.indexOf(0x3d, space);
    if (end <= space + 1 || end > content.length || content[end - 1] !== 0x0a)
      refuseTar(archive, "a pax record with a wrong length");
    if (equals < 0 || equals >= end) refuseTar(archive, "a pax record without a value");

    const key = readText(content.subarray(space + 1, equals), archive);
    if (seen.has(key)) refuseTar(archive, "a pax record given twice", { key });
    // Sparse maps, links and other character sets would change what the entry means.
    if (/^(?:GNU\.sparse\.|linkpath$|hdrcharset$)/.test(key))
      refuseTar(archive, "a pax record that is not accepted", { key });
    seen.set(key, readText(content.subarray(equals + 1, end - 1), archive));
    offset = end;
  }
  return paxOverrides(seen, archive);
}

function paxOverrides(records: ReadonlyMap<string, string>, archive: string): PaxOverrides {
  const name = records.get("path");
  const size = records.get("size");
  if (size === undefined) return name === undefined ? {} : { name };

  const sizeBytes = Number(size);
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(sizeBytes))
    refuseTar(archive, "a size that is not a number", { size: size.slice(0, 32) });
  return name === undefined ? { sizeBytes } : { name, sizeBytes };
}

/** The header blocks of a regular file: one ustar block, with a pax header before it when the size needs one. */
export function tarFileHeader(name: string, sizeBytes: number): Uint8Array {
  if (sizeBytes <= USTAR_SIZE_MAX) return ustarBlock(name, sizeBytes, "0");
  const record = paxRecord("size", String(sizeBytes));
  const blocks = new Uint8Array(3 * TAR_BLOCK_BYTES);
  blocks.set(ustarBlock(`PaxHeaders.0/${name}`.slice(0, 100), record.length, "x"));
  blocks.set(record, TAR_BLOCK_BYTES);
  blocks.set(ustarBlock(name, 0, "0"), 2 * TAR_BLOCK_BYTES);
  return blocks;
}

/** A pax record whose length field counts itself. */
function paxRecord(key: string, value: string): Uint8Array {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (String(length).length + rest.length !== length)
    length = String(length).length + rest.length;
  return Buffer.from(`${length}${rest}`, "latin1");
}

/** Names here are ours: ASCII of at most 100 characters. Times and owners are zero, so that equal input gives equal bytes. */
function ustarBlock(name: string, sizeBytes: number, type: "0" | "x"): Uint8Array {
  const block = Buffer.alloc(TAR_BLOCK_BYTES);
  block.write(name, 0, 100, "latin1");
  block.write("0000600\0", 100, "latin1");
  block.write("0000000\0".repeat(2), 108, "latin1");
  block.write(`${sizeBytes.toString(8).padStart(11, "0")}\0`, 124, "latin1");
  block.write("00000000000\0", 136, "latin1");
  block.write(`${type}`, 156, "latin1");
  block.write("ustar\u000000", 257, "latin1");
  block.write("0000000\0".repeat(2), 329, "latin1");
  block.write(`${tarChecksum(block).toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

/** The sum of all bytes, with the checksum's own eight taken as blanks. */
function tarChecksum(block: Uint8Array): number {
  let sum = 8 * 0x20;
  for (let index = 0; index < TAR_BLOCK_BYTES; index += 1)
    if (index < 148 || index >= 156) sum += block[index] ?? 0;
  return sum;
}

function readText(field: Uint8Array, archive: string): string {
  const end = field.indexOf(0);
  try {
    return utf8.decode(end < 0 ? field : field.subarray(0, end));
  } catch (cause) {
    throw new ArtifactError(
      "tar-invalid",
      { entry: archive, reason: "a name that is not UTF-8" },
      { cause },
    );
  }
}

function readOctal(field: Uint8Array): number | undefined {
  const digits = /^ *([0-7]+)[ \0]*$/.exec(latin1.decode(field))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}

/** Octal digits, or GNU's base-256 for what does not fit them; negative and unsafe numbers are none. */
function readSize(field: Uint8Array): number | undefined {
  if (field[0] !== 0x80) return readOctal(field);
  let value = 0;
  for (const byte of field.subarray(1)) value = value * 256 + byte;
  return Number.isSafeInteger(value) ? value : undefined;
}
