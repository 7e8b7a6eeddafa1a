import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { link, open, rename, unlink, type FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import type { Client } from "@moult/client";
import type { Artifact } from "@moult/model";
import { CliError } from "../command-line/cli-error.ts";
import type { CommandContext } from "../command-line/command.ts";
import { createTransferStatus } from "../terminal/transfer-status.ts";

/**
 * Downloads an artifact into `out`. Until its digest is right the bytes are in `out.part`, where the next try finds them,
 * also in a later run.
 */
export async function downloadFile(
  context: CommandContext,
  client: Client,
  artifact: Artifact,
  out: string,
  mayReplace: boolean,
): Promise<void> {
  const part = `${out}.part`;
  const isResumed = await fetchInto(context, client, artifact, part);
  if (!(await hasDigest(part, artifact))) {
    await unlink(part);
    // What an older run left may have been of another artifact: once more, from the start.
    if (!isResumed) throw mismatch(artifact);
    await fetchInto(context, client, artifact, part);
    if (!(await hasDigest(part, artifact))) {
      await unlink(part);
      throw mismatch(artifact);
    }
  }
  if (mayReplace) await rename(part, out);
  else {
    await link(part, out);
    await unlink(part);
  }
}

/** True when there was something to go on from. */
async function fetchInto(
  { terminal, signal }: CommandContext,
  client: Client,
  { id: artifactId, sizeBytes }: Artifact,
  part: string,
): Promise<boolean> {
  const file = await open(part, "a");
  try {
    const { size } = await file.stat();
    if (size > sizeBytes) await file.truncate(0);
    const startBytes = size > sizeBytes ? 0 : size;
    if (startBytes < sizeBytes) {
      const status = createTransferStatus(terminal, basename(part, ".part"));
      const { content } = await client.download(
        "downloadArtifact",
        { params: { artifactId } },
        {
          signal,
          startBytes,
          onProgress: ({ doneBytes, totalBytes }) => status.update(doneBytes, totalBytes),
        },
      );
      await append(file, content, sizeBytes - startBytes);
      status.end();
    }
    await file.sync();
    return startBytes > 0;
  } finally {
    await file.close();
  }
}

async function append(
  file: FileHandle,
  content: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<void> {
  let written = 0;
  for await (const chunk of content) {
    written += chunk.length;
    if (written > bytesMax)
      throw new CliError("digest-mismatch", "The server sends more bytes than the artifact has.");
    await file.appendFile(chunk);
  }
}

/** Read back from the disk, so that what was checked is what is there. */
async function hasDigest(path: string, { sha256 }: Artifact): Promise<boolean> {
  const digest: Hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) digest.update(chunk as Uint8Array);
  return digest.digest("hex") === sha256;
}

const mismatch = ({ sha256 }: Artifact): CliError =>
  new CliError("digest-mismatch", `The bytes that came are not those of the artifact ${sha256}.`, {
    hint: "Nothing was kept. Something in between changes them, or the server's storage is damaged.",
  });
