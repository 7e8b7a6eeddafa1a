import { ArtifactError, type ArtifactErrorCode } from "@moult/artifact";
import { ApiError } from "../platform/api-error.ts";

export interface Received {
  readonly receivedBytes: number;
  readonly announcedBytes: number | undefined;
}

/**
 * What is wrong with an upload, in the words of its sender: the error that the answer shall carry. What is not the upload's
 * fault comes back as it is.
 */
export function uploadRefusal(error: unknown, received: Received): unknown {
  if (!(error instanceof ArtifactError)) return error;
  const { code, context, cause } = error;
  if (code === "source-failed") return cause;
  if (code === "artifact-truncated" && isCut(received)) return uploadIncomplete(received, error);
  if (code === "limit-exceeded" && context["limit"] === "artifactBytesMax")
    return uploadTooLarge(Number(context["max"]), error);
  if (code === "signature-missing")
    return new ApiError("artifact-unsigned", `${DETAILS[code]}.`, { cause: error });
  if (code === "signature-invalid")
    return new ApiError("artifact-signature-invalid", `${DETAILS[code]}.`, { cause: error });
  return new ApiError("artifact-invalid", `${DETAILS[code]}${contextOf(error)}. ${AGAIN}`, {
    cause: error,
  });
}

export function uploadTooLarge(bytesMax: number, cause?: unknown): ApiError {
  return new ApiError(
    "body-too-large",
    `An artifact may have ${bytesMax} bytes here. Make it smaller, or raise the server's limit.`,
    { cause },
  );
}

export function uploadIncomplete(received: Received, cause?: unknown): ApiError {
  const of = received.announcedBytes === undefined ? "" : ` of ${received.announcedBytes}`;
  return new ApiError(
    "upload-incomplete",
    `The upload ended after ${received.receivedBytes}${of} bytes; nothing was kept. Upload the file again.`,
    { cause },
  );
}

export const isCut = ({ receivedBytes, announcedBytes }: Received): boolean =>
  announcedBytes !== undefined && receivedBytes < announcedBytes;

const AGAIN = "If the file was damaged on its way, upload it again; else write the artifact anew.";

const DETAILS: Readonly<Record<Exclude<ArtifactErrorCode, "source-failed">, string>> = {
  "artifact-truncated": "The file ends before the artifact does",
  "limit-exceeded": "A part of the artifact is larger than Moult takes",
  "tar-invalid": "The file is not an artifact: it is no tar archive, or a broken one",
  "compression-invalid": "A compressed part of the artifact is broken",
  "compression-unsupported": "A part of the artifact is compressed in a way Moult does not know",
  "entry-unexpected": "The artifact has an entry that does not belong there",
  "entry-missing": "The artifact lacks an entry",
  "entry-name-refused": "An entry's name is not one of the format, or would be dangerous",
  "version-unsupported": "It is not a Mender Artifact of version 3",
  "manifest-invalid": "The artifact's manifest cannot be read",
  "digest-mismatch": "A part of the artifact is not what its manifest says",
  "not-in-manifest": "The artifact has a part that its manifest does not list",
  "manifest-unmet": "The artifact's manifest lists a part that is not there",
  "header-invalid": "The artifact's header is not what the format says",
  "signature-missing": "This product takes signed artifacts only; sign it with one of its keys",
  "signature-invalid":
    "None of the product's keys made this artifact's signature. Sign it with one of them, or add the key to the product",
  "key-unusable": "A key of the product cannot be used",
  "augmented-refused": "The artifact has unsigned additions of another server; upload the original",
  "file-invalid": "The file is not what its name or its beginning says it is",
  "description-invalid": "The artifact cannot be described",
  "payload-changed": "The artifact changed while it was read",
};

/** The parts of an error's context that help its reader. */
function contextOf({ context }: ArtifactError): string {
  const told = ["entry", "name", "file", "reason", "limit", "max", "actual"].flatMap((key) => {
    const value = context[key];
    return typeof value === "string" || typeof value === "number"
      ? [`${key} ${JSON.stringify(value)}`]
      : [];
  });
  return told.length === 0 ? "" : ` (${told.join(", ")})`;
}
