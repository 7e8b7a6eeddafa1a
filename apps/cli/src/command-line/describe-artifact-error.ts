import type { ArtifactError, ArtifactErrorCode } from "@moult/artifact";
import { plainText } from "../terminal/plain-text.ts";

const SENTENCES: Readonly<Record<ArtifactErrorCode, string>> = {
  "source-failed": "The artifact could not be read to its end",
  "artifact-truncated": "The artifact ends too early",
  "limit-exceeded": "The artifact is larger than what is allowed",
  "tar-invalid": "This is not an artifact: its archive is damaged",
  "compression-invalid": "The artifact is damaged: a compressed part cannot be read",
  "compression-unsupported": "The artifact uses a compression that is not supported",
  "entry-unexpected": "The artifact has a part where it may not be",
  "entry-missing": "The artifact lacks a part",
  "entry-name-refused": "The artifact has a part with a name that is refused",
  "version-unsupported": "This is not a Mender artifact of version 3",
  "manifest-invalid": "The artifact's manifest is not valid",
  "digest-mismatch": "The artifact is damaged: a part is not what the manifest says",
  "not-in-manifest": "The artifact has a part that its manifest does not name",
  "manifest-unmet": "The artifact lacks a part that its manifest names",
  "header-invalid": "The artifact's header is not valid",
  "signature-missing": "The artifact is not signed",
  "signature-invalid": "No key that was given made the artifact's signature",
  "key-unusable": "The key cannot be used",
  "augmented-refused": "The artifact has augmented parts, which are refused here",
  "file-invalid": "The file is not what its name or its beginning says it is",
  "description-invalid": "The artifact cannot be made so",
  "payload-changed": "A payload file changed while it was read",
};

/** An artifact's fault with its place, from the code and context that the reader and the writer give. */
export function describeArtifactError({ code, context }: ArtifactError): {
  readonly sentence: string;
  readonly code: string;
} {
  const { reason, ...others } = context;
  const facts = Object.entries(others)
    .filter(([, value]) => typeof value === "string" || typeof value === "number")
    .map(([name, value]) => `${name} ${String(value)}`);
  const why = typeof reason === "string" ? `: ${reason}` : "";
  const place = facts.length === 0 ? "" : ` (${facts.join(", ")})`;
  return { sentence: plainText(`${SENTENCES[code]}${why}${place}.`), code };
}
