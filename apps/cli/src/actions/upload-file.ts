import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { readArtifact } from "@moult/artifact";
import { ClientError, type Client, type Reply } from "@moult/client";
import { CliError } from "../command-line/cli-error.ts";
import type { CommandContext } from "../command-line/command.ts";
import { fileBytes } from "../files/file-bytes.ts";
import { createTransferStatus } from "../terminal/transfer-status.ts";

const READ_BYTES = 256 * 1024;
/** An upload is known by its digest, so sending it again is safe, and a long one is worth it. */
const TRIES_MAX = 3;

/** Uploads one artifact, with progress; over a connection that breaks, from its start again. */
export async function uploadFile(
  context: CommandContext,
  client: Client,
  file: string,
  place: { readonly product: string; readonly channel: string | undefined },
): Promise<Reply<"uploadArtifact">> {
  const { terminal, signal } = context;
  const { size } = await stat(file);
  await refuseForeignFile(file, signal);
  for (let tries = 1; ; tries += 1) {
    try {
      return await uploadOnce(context, client, file, size, place);
    } catch (error) {
      terminal.status(undefined);
      const isBroken = error instanceof ClientError && error.code === "server-unreachable";
      if (!isBroken || tries === TRIES_MAX || signal.aborted) throw error;
      terminal.err(`The connection broke while ${file} was uploaded; trying again.`);
    }
  }
}

/** Reads the beginning, so that a wrong file is refused before gigabytes of it are sent. */
async function refuseForeignFile(file: string, signal: AbortSignal): Promise<void> {
  const reading = await readArtifact(fileBytes(file, signal), { augmented: "read" });
  await reading.close();
}

async function uploadOnce(
  { terminal, signal }: CommandContext,
  client: Client,
  file: string,
  sizeBytes: number,
  { product, channel }: { readonly product: string; readonly channel: string | undefined },
): Promise<Reply<"uploadArtifact">> {
  const digest = createHash("sha256");
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for await (const chunk of createReadStream(file, { highWaterMark: READ_BYTES })) {
      digest.update(chunk as Uint8Array);
      yield chunk as Uint8Array;
    }
  }
  const status = createTransferStatus(terminal, basename(file));
  const reply = await client.upload(
    "uploadArtifact",
    { params: { product }, query: { channel } },
    { bytes: bytes(), sizeBytes },
    {
      signal,
      onProgress: ({ doneBytes, totalBytes }) => {
        status.update(doneBytes, totalBytes);
        if (doneBytes === totalBytes)
          terminal.status([`${basename(file)}  waiting for the server`]);
      },
    },
  );
  status.end();
  if (reply.artifact.sha256 !== digest.digest("hex"))
    throw new CliError("digest-mismatch", `The server has other bytes than ${file}.`, {
      hint: "The file changed while it was uploaded, or something in between changes it.",
    });
  return reply;
}
