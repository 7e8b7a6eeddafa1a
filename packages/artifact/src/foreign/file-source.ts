import { ArtifactError } from "../artifact-error.ts";

/** A file that lies somewhere, of which parts can be read. */
export interface FileSource {
  /** As it was called where it comes from. */
  readonly name: string;
  readonly sizeBytes: number;
  /** From `start` up to, not including, `end`, both inside the file. */
  read(start: number, end: number): Promise<Uint8Array>;
}

/** Why a file is not what it seems to be. */
export const foreignError = (name: string, reason: string): ArtifactError =>
  new ArtifactError("file-invalid", { entry: name, reason });

/** Exactly these bytes; a file that ends before is cut off. */
export async function readExactly(
  file: FileSource,
  start: number,
  length: number,
): Promise<Buffer> {
  if (start < 0 || start + length > file.sizeBytes) throw foreignError(file.name, "it is cut off");
  const bytes = await file.read(start, start + length);
  if (bytes.length !== length) throw foreignError(file.name, "it is cut off");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
