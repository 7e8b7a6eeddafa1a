/**
 * Whether the start of a file looks like a Mender Artifact v3: a tar archive whose first entry is `version`, which says
 * format `mender`, version 3. The server checks all of it; this only saves sending gigabytes of something else.
 */
const BLOCK_BYTES = 512;
/** Header and content of the first entry. */
export const HEAD_BYTES = 2 * BLOCK_BYTES;
const NAME_BYTES = 100;
const SIZE_AT = 124;
const SIZE_BYTES = 12;
const TYPE_AT = 156;
const MAGIC_AT = 257;

/** Why it is none, in a sentence; undefined when it looks right. */
export function artifactHeadProblem(head: Uint8Array): string | undefined {
  if (head.length === 0) return "The file is empty.";
  if (head.length < BLOCK_BYTES || textAt(head, MAGIC_AT, 5) !== "ustar")
    return "It is not an artifact: an artifact is a tar archive.";
  // A pax header stands before the entry that it is about; the server reads on.
  if (textAt(head, TYPE_AT, 1) === "x") return undefined;
  if (textAt(head, 0, NAME_BYTES) !== "version")
    return "It is not an artifact: its first entry is not “version”.";
  const sizeBytes = Number.parseInt(textAt(head, SIZE_AT, SIZE_BYTES).trim(), 8);
  if (!(sizeBytes > 0 && sizeBytes <= BLOCK_BYTES))
    return "It is not an artifact: its “version” cannot be read.";
  return versionProblem(textAt(head, BLOCK_BYTES, sizeBytes));
}

function versionProblem(text: string): string | undefined {
  const version = parsed(text);
  if (version === undefined || version["format"] !== "mender")
    return "It is not an artifact: its “version” names another format.";
  return version["version"] === 3
    ? undefined
    : `It is an artifact of version ${String(version["version"])}; the server takes version 3.`;
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Text up to the first zero byte. */
function textAt(bytes: Uint8Array, at: number, length: number): string {
  const field = bytes.subarray(at, at + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end === -1 ? field : field.subarray(0, end));
}
