import { createHash } from "node:crypto";
import {
  ArtifactError,
  incompatibilities,
  readArtifact,
  verifyKeyFromPem,
  type ArtifactHead,
  type ArtifactPayload,
  type ArtifactReading,
  type Incompatibility,
} from "@moult/artifact";
import type { HardwareType, Running } from "@moult/model";
import { PAYLOADS_MAX, type FailureCode, type OpenedArtifact, type Update } from "@moult/updater";
import { fileChunks } from "../installers/file-chunks.ts";
import { InstallError } from "../installers/install-error.ts";
import type { IncomingFile } from "../installers/installer.ts";
import type { AdmittedTarget } from "../trust/admission.ts";
import { runningAfter } from "./running-after.ts";
import { checkFile, checkHead } from "./signed-parts.ts";

export interface ArtifactPolicy {
  readonly hardwareType: HardwareType;
  /** PEM; empty: signatures are not looked at. */
  readonly artifactKeys: readonly string[];
  readonly payloadBytesMax: number;
  /** Whether this device can install a payload type. */
  readonly isInstallable: (payloadType: string) => Promise<boolean>;
  /** For people, why it cannot. */
  readonly whyNot: (payloadType: string) => string;
}

/**
 * Reads and verifies the head of an artifact file and decides whether it is for this device. `admitted`: what its target's
 * signature covers; null when nobody signed for it.
 */
export async function judgeArtifact(
  file: string,
  update: Update,
  running: Running,
  policy: ArtifactPolicy,
  admitted: AdmittedTarget | null,
): Promise<OpenedArtifact> {
  const reading = await openArtifact(file, policy);
  await reading.close();
  const { head } = reading;
  if (update.kind === "assignment" && head.artifactName !== update.artifactName)
    throw new InstallError(
      "artifact-name-mismatch",
      `the artifact is ${head.artifactName}; the instruction said ${update.artifactName}`,
    );
  if (admitted !== null) {
    if (head.artifactName !== admitted.custom.version)
      throw new InstallError(
        "artifact-name-mismatch",
        `the artifact is ${head.artifactName}; signed was ${admitted.custom.version}`,
      );
    checkHead(head, admitted);
  }
  checkCompatible(head, running, policy.hardwareType);
  const payloadTypes = typedPayloads(head).map(({ type }) => type);
  if (payloadTypes.length > PAYLOADS_MAX)
    throw new InstallError(
      "payload-type-unsupported",
      `the artifact has ${payloadTypes.length} payloads; this agent installs up to ${PAYLOADS_MAX}`,
    );
  for (const payloadType of payloadTypes)
    if (!(await policy.isInstallable(payloadType)))
      throw new InstallError("payload-type-unsupported", policy.whyNot(payloadType));
  return {
    name: head.artifactName,
    payloadTypes,
    runningAfter: runningAfter(update, running, head),
    vouched: admitted?.vouched ?? null,
  };
}

/** The payloads that there is something to install of; an empty one only changes what the device provides. */
export function typedPayloads(
  head: ArtifactHead,
): readonly (ArtifactPayload & { readonly type: string })[] {
  return head.payloads.flatMap((payload) =>
    payload.type === null ? [] : [{ ...payload, type: payload.type }],
  );
}

/** Starts reading an artifact file; every failure is an `InstallError`. */
async function openArtifact(
  file: string,
  policy: Pick<ArtifactPolicy, "artifactKeys">,
  onChunk: (chunk: Uint8Array) => void = () => undefined,
): Promise<ArtifactReading> {
  try {
    const verifyKeys = policy.artifactKeys.map((pem) => verifyKeyFromPem(pem));
    const source = observed(fileChunks(file), onChunk);
    return await readArtifact(source, verifyKeys.length === 0 ? {} : { verifyKeys });
  } catch (cause) {
    throw installError(cause);
  }
}

async function* observed(
  chunks: AsyncIterable<Uint8Array>,
  onChunk: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    onChunk(chunk);
    yield chunk;
  }
}

/**
 * Hands the payloads of an artifact file to `take`, which asks for them in their order, and returns when everything was taken and the whole file, to its last
 * byte, is what its manifest, the instruction and the signed target say. The file is read once, through one open handle,
 * and every byte that is handed out is a byte that was digested.
 */
export async function unpackArtifact(
  file: string,
  update: Update,
  policy: ArtifactPolicy,
  admitted: AdmittedTarget | null,
  take: (
    head: ArtifactHead,
    filesOf: (payloadIndex: number) => AsyncIterable<IncomingFile>,
  ) => Promise<void>,
): Promise<void> {
  const digest = createHash("sha256");
  let sizeBytes = 0;
  const reading = await openArtifact(file, policy, (chunk) => {
    digest.update(chunk);
    sizeBytes += chunk.length;
  });
  try {
    if (admitted !== null) checkHead(reading.head, admitted);
    await take(reading.head, byPayload(incomingFiles(reading, policy, admitted)));
    await reading.finish();
  } catch (cause) {
    await reading.close();
    throw installError(cause);
  }
  const sha256 = digest.digest("hex");
  const isOther = (wanted: { readonly sizeBytes: number; readonly sha256: string }): boolean =>
    wanted.sizeBytes !== sizeBytes || wanted.sha256 !== sha256;
  if (update.kind === "assignment" && isOther(update))
    throw new InstallError("digest-mismatch", "the file is not the one that was instructed");
  if (admitted !== null && isOther(admitted))
    throw new InstallError("digest-mismatch", "the file is not the one that was signed");
}

async function* incomingFiles(
  reading: ArtifactReading,
  { payloadBytesMax }: ArtifactPolicy,
  admitted: AdmittedTarget | null,
): AsyncGenerator<NumberedFile> {
  let leftBytes = payloadBytesMax;
  for await (const file of reading.payloadFiles()) {
    const { name, sizeBytes, sha256, content, payloadIndex } = file;
    if (admitted !== null) checkFile(file, admitted);
    leftBytes -= sizeBytes;
    if (leftBytes < 0)
      throw new InstallError(
        "payload-refused",
        `the payload has more than the ${payloadBytesMax} bytes that this device takes`,
      );
    yield { name, sizeBytes, sha256, content, payloadIndex };
  }
}

interface NumberedFile extends IncomingFile {
  readonly payloadIndex: number;
}

/** The files of one payload after the other; what one payload's installer left is verified as it is passed over. */
function byPayload(
  files: AsyncGenerator<NumberedFile>,
): (payloadIndex: number) => AsyncGenerator<IncomingFile> {
  let ahead: IteratorResult<NumberedFile, unknown> | undefined;
  return async function* (payloadIndex) {
    for (;;) {
      ahead ??= await files.next();
      if (ahead.done === true || ahead.value.payloadIndex > payloadIndex) return;
      const file = ahead.value;
      ahead = undefined;
      if (file.payloadIndex === payloadIndex) yield file;
    }
  };
}

function checkCompatible(head: ArtifactHead, running: Running, hardwareType: HardwareType): void {
  const provides = {
    ...running.provides,
    artifact_name: running.artifactName,
    device_type: hardwareType,
  };
  const problems = incompatibilities(head.depends, provides);
  if (problems.length > 0)
    throw new InstallError("artifact-incompatible", problems.map(describe).join("; "));
}

function describe(problem: Incompatibility): string {
  const wanted = `the artifact needs ${problem.name} to be ${problem.accepted.join(" or ")}`;
  return problem.kind === "not-provided"
    ? `${wanted}; this device does not provide it`
    : `${wanted}; here it is ${problem.provided}`;
}

/** The reader's errors in the words of a report; anything else stays as it is. */
function installError(cause: unknown): unknown {
  if (!(cause instanceof ArtifactError)) return cause;
  // The file could not be read, or the installer threw: that is the error to tell.
  if (cause.code === "source-failed" && cause.cause !== undefined) return cause.cause;
  return new InstallError(codeOf(cause), cause.message, { cause });
}

function codeOf({ code }: ArtifactError): FailureCode {
  if (code === "signature-missing" || code === "signature-invalid") return code;
  return code === "key-unusable" || code === "source-failed" ? "agent-fault" : "artifact-invalid";
}
