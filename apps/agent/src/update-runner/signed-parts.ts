import type { ArtifactHead, VerifiedFile } from "@moult/artifact";
import { InstallError } from "../installers/install-error.ts";
import type { AdmittedTarget } from "../trust/admission.ts";

// One identity of bytes: besides the whole file the signed target names the digest of the head and the digests of the
// unpacked payload files, so that it does not matter from where the bytes of a payload come.

/** Throws unless the head is the signed one and promises exactly the payload files that were signed. */
export function checkHead(head: ArtifactHead, { custom }: AdmittedTarget): void {
  if (head.sha256 !== custom.headSha256)
    throw otherThanSigned("the head of the artifact is not the one that was signed");
  if (JSON.stringify(head.payloads.map(promise)) !== JSON.stringify(custom.payloads.map(promise)))
    throw otherThanSigned("the artifact holds other payload files than were signed");
}

/** What a payload is to hold, in one order. */
const promise = ({ type, files }: Pick<ArtifactHead["payloads"][number], "type" | "files">) => [
  type,
  files
    .map(({ name, sha256 }) => `${name}\n${sha256}`)
    .toSorted((left, right) => (left < right ? -1 : 1)),
];

/** Throws unless a payload file that is about to be handed out is a signed one. Its content is verified as it is read. */
export function checkFile(file: VerifiedFile, { custom }: AdmittedTarget): void {
  const signed = custom.payloads[file.payloadIndex]?.files.find(({ name }) => name === file.name);
  if (signed?.sha256 !== file.sha256 || signed.sizeBytes !== file.sizeBytes)
    throw otherThanSigned(`the payload file ${file.name} is not the one that was signed`);
}

const otherThanSigned = (detail: string): InstallError =>
  new InstallError("digest-mismatch", detail);
