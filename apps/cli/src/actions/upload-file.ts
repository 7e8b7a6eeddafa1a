import { createHash } from "node:crypto";
import { createReadStream, openAsBlob } from "node:fs";
import { access } from "node:fs/promises";
import { basename } from "node:path";
import { readArtifact } from "@moult/artifact";
import type { Client, ResumableProgress } from "@moult/client";
import type { Artifact, Release } from "@moult/model";
import { CliError } from "../command-line/cli-error.ts";
import type { CommandContext } from "../command-line/command.ts";
import { fileBytes } from "../files/file-bytes.ts";
import { uploadMemory } from "../session/upload-memory.ts";
import { sizeText } from "../terminal/size-text.ts";
import { createTransferStatus } from "../terminal/transfer-status.ts";

export interface Uploaded {
  readonly release: Release;
  readonly artifact: Artifact;
  /** False when the identical artifact was there already. */
  readonly created: boolean;
}

/** Uploads one artifact, with progress; across broken connections, and runs of this command that were stopped or killed. */
export async function uploadFile(
  context: CommandContext,
  client: Client,
  file: string,
  { product, channel }: { readonly product: string; readonly channel: string | undefined },
): Promise<Uploaded> {
  const { terminal, signal, environment } = context;
  await access(file);
  await refuseForeignFile(file, signal);
  const content = await openAsBlob(file);
  let digest: Promise<string> | undefined;
  let sentBytes = 0;
  const draw = progressDrawer(context, file);
  try {
    const upload = await client.resumableUpload(
      content,
      { product, channel, fileName: basename(file) },
      {
        signal,
        memory: uploadMemory(environment),
        onContinued: ({ receivedBytes, sizeBytes }) =>
          terminal.err(
            receivedBytes === sizeBytes
              ? `The server has all of ${file} already.`
              : `Continuing ${file} at ${sizeText(receivedBytes)} of ${sizeText(sizeBytes)}.`,
          ),
        onBroken: () =>
          terminal.err(`The connection broke while ${file} was uploaded; trying again.`),
        onProgress: (progress) => {
          sentBytes = progress.doneBytes;
          // While the server reads it once more, so does this side.
          if (progress.phase === "verifying") digest ??= digestOf(file, signal);
          draw(progress);
        },
      },
    );
    const { release, artifact, created } = upload;
    if (release === null || artifact === null)
      throw new CliError("not-found", `${file} was uploaded, and has been deleted since.`);
    if (artifact.sha256 !== (await (digest ?? digestOf(file, signal))))
      throw new CliError("digest-mismatch", `The server has other bytes than ${file}.`, {
        hint: "The file changed while it was uploaded, or something in between changes it.",
      });
    return { release, artifact, created: created === true };
  } catch (error) {
    // It is over; whatever became of the reading for it is nobody's any more.
    digest?.catch(() => undefined);
    terminal.status(undefined);
    if (signal.aborted && sentBytes > 0)
      terminal.err(`The server keeps what it has of ${file} for a day; the same command goes on.`);
    throw error;
  } finally {
    terminal.status(undefined);
  }
}

/** Reads the beginning, so that a wrong file is refused before gigabytes of it are sent. */
async function refuseForeignFile(file: string, signal: AbortSignal): Promise<void> {
  const reading = await readArtifact(fileBytes(file, signal), { augmented: "read" });
  await reading.close();
}

/** One bar for each phase. */
function progressDrawer(
  { terminal }: CommandContext,
  file: string,
): (progress: ResumableProgress) => void {
  const uploading = createTransferStatus(terminal, basename(file));
  const verifying = createTransferStatus(terminal, `${basename(file)}  verifying`);
  let told: string | undefined;
  return ({ phase, doneBytes, totalBytes, problem }) => {
    const status = phase === "uploading" ? uploading : verifying;
    status.update(doneBytes, totalBytes);
    if (problem === null || problem.code === told) return;
    told = problem.code;
    terminal.err(`The server has all of ${file}, and waits: ${problem.detail ?? problem.title}`);
  };
}

async function digestOf(file: string, signal: AbortSignal): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(file, { signal, highWaterMark: 1024 * 1024 }))
    digest.update(chunk as Uint8Array);
  return digest.digest("hex");
}
