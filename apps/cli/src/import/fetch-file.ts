import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { CliError } from "../command-line/cli-error.ts";
import type { CommandContext } from "../command-line/command.ts";
import { createTransferStatus } from "../terminal/transfer-status.ts";
import type { PeerFile } from "./peer-file.ts";

/** A connection may break this often without a byte between. */
const TRIES_MAX = 4;

/** Fetches a file of the other server to `path`; what an earlier run left in `path.part` is gone on from. */
export async function fetchFile(
  context: CommandContext,
  file: PeerFile,
  path: string,
): Promise<void> {
  const part = `${path}.part`;
  const isResumed = await fetchInto(context, file, part);
  if (!(await isWhole(file, part))) {
    await rm(part);
    // What an older run left may be of a file that was replaced since: once more, from the start.
    const isRightNow = isResumed && (await fetchAnew(context, file, part));
    if (!isRightNow)
      throw new CliError("digest-mismatch", `What came of ${file.label} is not what it should be.`);
  }
  await rename(part, path);
}

async function fetchAnew(context: CommandContext, file: PeerFile, part: string): Promise<boolean> {
  await fetchInto(context, file, part);
  if (await isWhole(file, part)) return true;
  await rm(part);
  return false;
}

/** True when there was something to go on from. */
async function fetchInto(
  { terminal, signal }: CommandContext,
  file: PeerFile,
  part: string,
): Promise<boolean> {
  const handle = await open(part, "a");
  const status = createTransferStatus(terminal, file.fileName);
  try {
    const before = (await handle.stat()).size;
    let doneBytes = before;
    for (let tries = 1; ; tries += 1) {
      if (file.sizeBytes !== null && doneBytes >= file.sizeBytes) break;
      const atStart = doneBytes;
      try {
        const { startBytes, content } = await file.open(doneBytes);
        if (startBytes !== doneBytes) await handle.truncate(startBytes);
        doneBytes = startBytes;
        for await (const chunk of content) {
          await append(handle, chunk, file, doneBytes);
          doneBytes += chunk.length;
          if (file.sizeBytes !== null) status.update(doneBytes, file.sizeBytes);
        }
        break;
      } catch (error) {
        if (error instanceof CliError || signal.aborted) throw error;
        if (doneBytes > atStart) tries = 1;
        if (tries >= TRIES_MAX)
          throw new CliError(
            "peer-unreachable",
            `The connection broke again and again at ${file.label}.`,
            { hint: "Run the same command again: it goes on where it stopped.", cause: error },
          );
      }
    }
    await handle.sync();
    return before > 0;
  } finally {
    status.end();
    await handle.close();
  }
}

async function append(
  handle: FileHandle,
  chunk: Uint8Array,
  { label, sizeBytes }: PeerFile,
  doneBytes: number,
): Promise<void> {
  if (sizeBytes !== null && doneBytes + chunk.length > sizeBytes)
    throw new CliError("peer-invalid", `${label} is larger than the other server says.`);
  await handle.appendFile(chunk);
}

/** Read back from the disk. What has no digest there is an artifact, which carries its own. */
async function isWhole({ sizeBytes, sha256 }: PeerFile, path: string): Promise<boolean> {
  const digest = createHash("sha256");
  let readBytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    readBytes += chunk.length;
    digest.update(chunk);
  }
  if (sizeBytes !== null && readBytes !== sizeBytes) return false;
  return sha256 === null || digest.digest("hex") === sha256;
}
