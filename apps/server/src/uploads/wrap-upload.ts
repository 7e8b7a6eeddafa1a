import {
  ArtifactError,
  foreignArtifact,
  inspectForeignFile,
  prepareArtifact,
  type PreparedArtifact,
} from "@moult/artifact";
import { HardwareType } from "@moult/model";
import * as z from "zod";
import { ApiError } from "../platform/api-error.ts";
import { fromJson } from "../platform/columns.ts";
import { uploadRefusal } from "../releases/index.ts";
import type { StoredUpload } from "./queries.ts";
import type { UploadFiles } from "./upload-files.ts";

const HardwareTypes = z.array(HardwareType);

/**
 * The artifact that an upload of another format becomes; undefined when the file is to be one itself. The same file under the
 * same names gives the same artifact, here and at the command line.
 */
export async function wrapUpload(
  files: Pick<UploadFiles, "read" | "readPart">,
  { id, file_name: name, size_bytes: sizeBytes, version, hardware_types }: StoredUpload,
): Promise<PreparedArtifact | undefined> {
  try {
    const found = await inspectForeignFile({
      name,
      sizeBytes,
      read: (start, end) => files.readPart(id, start, end),
    });
    const isNamed = version !== null && hardware_types !== null;
    // What nobody knows and nobody named is refused as the broken artifact that it may be.
    if (found === undefined || (found.type === "raw-file" && !isNamed)) return undefined;
    const called = version ?? found.version;
    if (called === null) throw unnamed("version");
    const compatible = found.compatible === null ? null : [found.compatible];
    const types = hardware_types === null ? compatible : fromJson(HardwareTypes, hardware_types);
    if (types === null) throw unnamed("hardware type");
    return await prepareArtifact(
      foreignArtifact(
        found,
        { name, sizeBytes, open: () => files.read(id) },
        {
          version: called,
          hardwareTypes: types,
        },
      ),
      { compression: "none" },
    );
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    throw uploadRefusal(error, { receivedBytes: sizeBytes, announcedBytes: sizeBytes });
  }
}

const unnamed = (what: string): ApiError =>
  new ApiError(
    "artifact-invalid",
    `The file does not say for which ${what} it is; upload it again and say so (\`version\`, \`hardwaretypes\`).`,
  );
