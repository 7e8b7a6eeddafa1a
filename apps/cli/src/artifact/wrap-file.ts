import { createReadStream } from "node:fs";
import { mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { foreignArtifact, inspectForeignFile, prepareArtifact } from "@moult/artifact";
import { usageError } from "../command-line/cli-error.ts";
import type { OptionSpecs, OptionValues } from "../command-line/command.ts";
import { writeFileWhole } from "../files/write-file.ts";

/** What a file of another format becomes, where it does not say so itself. */
export const WRAP_OPTIONS = {
  name: {
    type: "string",
    value: "NAME",
    help: "Of a file that is no artifact (.swu, .raucb, ...): the release's version",
  },
  "hardware-type": {
    type: "string",
    value: "TYPE",
    multiple: true,
    help: "The same: kind of machine that it fits",
  },
} as const satisfies OptionSpecs;

export interface ArtifactFiles {
  /** Each a file with an artifact: as it was given, or made of what was given. */
  readonly files: readonly string[];
  readonly remove: () => Promise<void>;
}

/**
 * The artifacts of an upload. Those of files of other formats are what the server would make of them, byte for byte. `unnamed` is
 * the version of one that does not say its own.
 */
export async function artifactFiles(
  files: readonly string[],
  options: OptionValues<typeof WRAP_OPTIONS>,
  unnamed?: string,
): Promise<ArtifactFiles> {
  const folder = await mkdtemp(join(tmpdir(), "moult-upload-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const made: string[] = [];
    for (const file of files) made.push(await artifactFile(file, options, folder, unnamed));
    return { files: made, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function artifactFile(
  path: string,
  { name: version, "hardware-type": given }: OptionValues<typeof WRAP_OPTIONS>,
  folder: string,
  unnamed: string | undefined,
): Promise<string> {
  const { size: sizeBytes } = await stat(path);
  const name = basename(path);
  const found = await inspectForeignFile({
    name,
    sizeBytes,
    read: (start, end) => readPart(path, start, end),
  });
  const isNamed = (version ?? unnamed) !== undefined && given.length > 0;
  if (found === undefined || (found.type === "raw-file" && !isNamed)) return path;
  const called = version ?? found.version ?? unnamed;
  if (called === undefined)
    throw usageError(`${name} does not say its version.`, "Add --name NAME.");
  const compatible = found.compatible === null ? [] : [found.compatible];
  const hardwareTypes = given.length > 0 ? given : compatible;
  if (hardwareTypes.length === 0)
    throw usageError(`${name} does not say what it fits.`, "Add --hardware-type TYPE.");
  const file = { name, sizeBytes, open: () => createReadStream(path) };
  const description = foreignArtifact(found, file, { version: called, hardwareTypes });
  const prepared = await prepareArtifact(description, { compression: "none" });
  const out = join(folder, `${name}.mender`);
  await writeFileWhole(out, prepared.bytes(), { mode: 0o600, mayReplace: true });
  return out;
}

async function readPart(path: string, start: number, end: number): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const bytes = Buffer.alloc(end - start);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
