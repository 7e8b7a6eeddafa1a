import { foreignError, readExactly, type FileSource } from "./file-source.ts";

const SIZE_BYTES = 8;
const SIGNATURE_BYTES_MAX = 1024 * 1024;
const SIGNED_DATA = "2a864886f70d010702";
const ENVELOPED_DATA = "2a864886f70d010703";

/** What a bundle of RAUC says of itself; null where only a device can read it. */
export interface RaucFile {
  readonly compatible: string | null;
  readonly version: string | null;
}

interface Element {
  readonly tag: number;
  readonly content: Buffer;
  readonly rest: Buffer;
}

/**
 * Reads the end of a bundle of RAUC: its size, and a CMS signature which in the `verity` format holds the manifest. That of the
 * `plain` format lies inside the file system, and that of `crypt` is for devices alone. Nothing is verified here: the device
 * does that with keys of its own.
 */
export async function readRauc(file: FileSource): Promise<RaucFile> {
  const tail = await readExactly(file, file.sizeBytes - SIZE_BYTES, SIZE_BYTES);
  const length = tail.readBigUInt64BE();
  if (length === 0n || length > BigInt(Math.min(SIGNATURE_BYTES_MAX, file.sizeBytes - SIZE_BYTES)))
    throw foreignError(file.name, "it does not end with the size of a signature");
  const start = file.sizeBytes - SIZE_BYTES - Number(length);
  const info = elementOf(file, await readExactly(file, start, Number(length)), 0x30);
  const type = elementOf(file, info.content, 0x06);
  const kind = type.content.toString("hex");
  if (kind === ENVELOPED_DATA) return { compatible: null, version: null };
  if (kind !== SIGNED_DATA) throw foreignError(file.name, "it does not end with a signature");
  const signed = elementOf(file, elementOf(file, type.rest, 0xa0).content, 0x30);
  const version = elementOf(file, signed.content, 0x02);
  const algorithms = elementOf(file, version.rest, 0x31);
  const encapsulated = elementOf(file, algorithms.rest, 0x30);
  const { rest } = elementOf(file, encapsulated.content, 0x06);
  if (rest.length === 0) return { compatible: null, version: null };
  const manifest = textOf(file, elementOf(file, rest, 0xa0).content);
  return updateSection(manifest.toString("utf8"));
}

/** Octets, in one piece or (as CMS streams them) in several. */
function textOf(file: FileSource, content: Buffer): Buffer {
  const [tag] = content;
  if (tag === 0x04) return elementOf(file, content, 0x04).content;
  const parts: Buffer[] = [];
  let { content: left } = elementOf(file, content, 0x24);
  while (left.length > 0) {
    const part = elementOf(file, left, 0x04);
    parts.push(part.content);
    left = part.rest;
  }
  return Buffer.concat(parts);
}

/** The DER element at the front, which must have this tag. */
function elementOf(file: FileSource, bytes: Buffer, tag: number): Element {
  const [found, first] = bytes;
  if (found !== tag || first === undefined)
    throw foreignError(file.name, "its signature is not in the form of CMS");
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || lengthBytes > 4 || bytes.length < 2 + lengthBytes)
    throw foreignError(file.name, "its signature is not in the form of CMS");
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes);
  const start = 2 + lengthBytes;
  if (start + length > bytes.length)
    throw foreignError(file.name, "its signature is not in the form of CMS");
  return {
    tag,
    content: bytes.subarray(start, start + length),
    rest: bytes.subarray(start + length),
  };
}

/** The manifest is a key file of GLib; what it says of the update is in a section of its own. */
function updateSection(manifest: string): RaucFile {
  let section = "";
  const update = new Map<string, string>();
  for (const line of manifest.split("\n")) {
    const heading = /^\[([^\]]*)\]\s*$/.exec(line)?.[1];
    if (heading !== undefined) section = heading;
    const [, key, value] = /^([A-Za-z0-9-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (section === "update" && key !== undefined && value !== undefined) update.set(key, value);
  }
  return { compatible: update.get("compatible") ?? null, version: update.get("version") ?? null };
}
