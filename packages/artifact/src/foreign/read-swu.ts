import { ConfigSyntaxError, parseLibconfig } from "./libconfig.ts";
import { foreignError, readExactly, type FileSource } from "./file-source.ts";

const HEADER_BYTES = 110;
const ENTRIES_MAX = 1_000;
const NAME_BYTES_MAX = 4_096;
const DESCRIPTION_BYTES_MAX = 1024 * 1024;
const TRAILER = "TRAILER!!!";

/** What an image of SWUpdate says of itself. */
export interface SwuFile {
  readonly version: string | null;
  /** The files in it, the description first. */
  readonly entries: readonly string[];
}

/**
 * Reads an image of SWUpdate: a cpio archive (newc or crc) whose first file describes it. Every file's place is followed to the
 * end of the archive, so that one that is cut off is noticed; what is in the files is the device's to verify.
 */
export async function readSwu(file: FileSource): Promise<SwuFile> {
  const entries: string[] = [];
  let version: string | null = null;
  let at = 0;
  for (;;) {
    if (entries.length > ENTRIES_MAX) throw foreignError(file.name, "it holds too many files");
    const entry = await readEntry(file, at);
    if (entry.name === TRAILER) break;
    if (entries.length === 0) {
      if (entry.name !== "sw-description")
        throw foreignError(file.name, "its first file is not sw-description");
      version = await versionOf(file, entry);
    }
    entries.push(entry.name);
    at = aligned(entry.start + entry.sizeBytes);
  }
  if (entries.length === 0) throw foreignError(file.name, "it has no sw-description");
  return { version, entries };
}

interface Entry {
  readonly name: string;
  readonly start: number;
  readonly sizeBytes: number;
  /** Of all its bytes; null where the archive has none. */
  readonly sum: number | null;
}

const aligned = (at: number): number => Math.ceil(at / 4) * 4;

async function readEntry(file: FileSource, at: number): Promise<Entry> {
  const header = (await readExactly(file, at, HEADER_BYTES)).toString("latin1");
  const magic = header.slice(0, 6);
  if ((magic !== "070701" && magic !== "070702") || !/^[0-9A-Fa-f]{110}$/.test(header))
    throw foreignError(file.name, "it is no cpio archive as SWUpdate takes them");
  const field = (index: number): number =>
    Number.parseInt(header.slice(6 + index * 8, 14 + index * 8), 16);
  const [sizeBytes, nameBytes, sum] = [field(6), field(11), field(12)];
  if (nameBytes < 2 || nameBytes > NAME_BYTES_MAX)
    throw foreignError(file.name, "a name in it is too long");
  const name = await readExactly(file, at + HEADER_BYTES, nameBytes);
  const start = aligned(at + HEADER_BYTES + nameBytes);
  const end = name.indexOf(0);
  if (start + sizeBytes > file.sizeBytes) throw foreignError(file.name, "it is cut off");
  return {
    name: name.toString("utf8", 0, end < 0 ? name.length : end),
    start,
    sizeBytes,
    sum: magic === "070702" ? sum : null,
  };
}

async function versionOf(
  file: FileSource,
  { start, sizeBytes, sum }: Entry,
): Promise<string | null> {
  if (sizeBytes > DESCRIPTION_BYTES_MAX)
    throw foreignError(file.name, "its sw-description is too large");
  const bytes = await readExactly(file, start, sizeBytes);
  if (sum !== null && bytes.reduce((total, byte) => (total + byte) >>> 0, 0) !== sum)
    throw foreignError(file.name, "its sw-description is damaged");
  const { software } = describedBy(file, bytes.toString("utf8"));
  const version =
    typeof software === "object" && software !== null && "version" in software
      ? software.version
      : undefined;
  return typeof version === "string" ? version : null;
}

/** SWUpdate takes its description in two languages. */
function describedBy(file: FileSource, text: string): { readonly software?: unknown } {
  try {
    return text.trimStart().startsWith("{")
      ? (JSON.parse(text) as { readonly software?: unknown })
      : parseLibconfig(text);
  } catch (error) {
    if (error instanceof ConfigSyntaxError || error instanceof SyntaxError)
      throw foreignError(file.name, `its sw-description cannot be read: ${error.message}`);
    throw error;
  }
}
