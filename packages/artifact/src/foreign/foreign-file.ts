import type { ArtifactDescription } from "../artifact-description.ts";
import { isPayloadFileName } from "../entry-name.ts";
import { foreignError, readExactly, type FileSource } from "./file-source.ts";
import { readRauc } from "./read-rauc.ts";
import { readSwu } from "./read-swu.ts";

/** A file that is an update for clients of other makers, and what it says of itself. */
export interface ForeignFile {
  /** The type of the payload that it becomes. */
  readonly type: "swu" | "rauc" | "raw-file";
  readonly version: string | null;
  readonly compatible: string | null;
}

/** A USTAR archive has its magic here, and an artifact is one. */
const TAR_MAGIC_AT = 257;

/**
 * What a file is: undefined for an artifact, which says all by itself. By content where that tells, so that a bundle with
 * another name is still read as one; a name that promises one is held to it.
 */
export async function inspectForeignFile(file: FileSource): Promise<ForeignFile | undefined> {
  if (file.sizeBytes === 0) throw foreignError(file.name, "it is empty");
  const head = await readExactly(file, 0, Math.min(512, file.sizeBytes));
  const name = file.name.toLowerCase();
  if (head.toString("latin1", TAR_MAGIC_AT, TAR_MAGIC_AT + 5) === "ustar") return undefined;
  if (name.endsWith(".mender")) return undefined;
  if (name.endsWith(".swu") || /^07070[12]/.test(head.toString("latin1", 0, 6))) {
    const { version } = await readSwu(file);
    return { type: "swu", version, compatible: null };
  }
  if (name.endsWith(".raucb")) return { type: "rauc", ...(await readRauc(file)) };
  return { type: "raw-file", version: null, compatible: null };
}

/**
 * The artifact that such a file becomes, always the same for the same: its bytes are one after the other in it, uncompressed,
 * so that clients can have the file alone.
 */
export function foreignArtifact(
  { type }: Pick<ForeignFile, "type">,
  file: Pick<FileSource, "name" | "sizeBytes"> & { open(): AsyncIterable<Uint8Array> },
  names: { readonly version: string; readonly hardwareTypes: readonly string[] },
): ArtifactDescription {
  const plain = payloadName(type, file.name.replaceAll(/[^A-Za-z0-9._,-]/g, "_"));
  const name = isPayloadFileName(plain) ? plain : `update.${type === "rauc" ? "raucb" : type}`;
  const { sizeBytes } = file;
  return {
    artifactName: names.version,
    deviceTypes: names.hardwareTypes,
    payloads: [
      { type, files: [{ name, sizeBytes, open: () => file.open() }], hasToolDefaults: true },
    ],
  };
}

const NAME_LENGTH_MAX = 100;

/** SWUpdate takes nothing whose name ends otherwise, in capitals neither. */
function payloadName(type: ForeignFile["type"], plain: string): string {
  if (type !== "swu") return plain.slice(-NAME_LENGTH_MAX);
  return `${plain.replace(/\.swu$/i, "").slice(-(NAME_LENGTH_MAX - ".swu".length))}.swu`;
}
