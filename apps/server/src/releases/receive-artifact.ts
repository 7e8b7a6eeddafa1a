import { readArtifact, type ArtifactSummary } from "@moult/artifact";
import type { BlobWriter } from "@moult/base";
import type { ReleaseVersion } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import type { StreamBody } from "../platform/operation-handler.ts";
import type { SignatureRule } from "../products/index.ts";
import { readBareFiles, type BareFiles } from "./bare-files.ts";
import { readHeadNames } from "./describe-artifact.ts";
import { isCut, uploadIncomplete, uploadRefusal, uploadTooLarge } from "./upload-refusal.ts";

export interface ReceivedArtifact {
  readonly summary: ArtifactSummary;
  /** By their places among the files. */
  readonly bare: BareFiles;
  readonly version: ReleaseVersion;
}

/**
 * Writes an upload into `writer` while the same bytes are verified; resolves when all of it arrived and all of it is right.
 * Throws the `ApiError` for whoever uploads. The writer is neither finished nor discarded here, and idle when this ends.
 */
export async function receiveArtifact(
  { content, announcedBytes }: StreamBody,
  writer: BlobWriter,
  rule: SignatureRule,
  artifactBytesMax: number,
): Promise<ReceivedArtifact> {
  if (announcedBytes !== undefined && announcedBytes > artifactBytesMax)
    throw uploadTooLarge(artifactBytesMax);

  const tee = createTee(content, writer, announcedBytes);
  try {
    const reading = await readArtifact(tee.bytes(), {
      ...(rule.keys.length === 0
        ? {}
        : { verifyKeys: rule.keys, unsigned: rule.required ? "refuse" : "read" }),
      limits: { artifactBytesMax },
    });
    // The names are known long before a large payload has arrived in vain.
    const names = readHeadNames(reading.head);
    if (names.kind === "unusable") {
      await reading.close();
      throw new ApiError("artifact-invalid", names.detail);
    }
    const bare = await readBareFiles(reading);
    const summary = await reading.finish();
    if (isCut(tee.received())) throw uploadIncomplete(tee.received());
    return { summary, bare, version: names.version };
  } catch (error) {
    await tee.stop();
    throw uploadRefusal(error, tee.received());
  }
}

interface Tee {
  bytes(): AsyncIterable<Uint8Array>;
  received(): { readonly receivedBytes: number; readonly announcedBytes: number | undefined };
  /** Nothing is written any more when this resolves. */
  stop(): Promise<void>;
}

/** Gives out each chunk once it is written, so that the slower of disk, network and verification sets the pace. */
function createTee(
  content: AsyncIterable<Uint8Array>,
  writer: BlobWriter,
  announcedBytes: number | undefined,
): Tee {
  let receivedBytes = 0;
  let isStopped = false;
  let writing: Promise<void> = Promise.resolve();
  const received = () => ({ receivedBytes, announcedBytes });
  return {
    received,
    stop: async () => {
      isStopped = true;
      // Its error, if any, has gone through the reader already.
      await writing.catch(() => undefined);
    },
    bytes: async function* () {
      for await (const chunk of connection(content, received)) {
        if (isStopped) return;
        receivedBytes += chunk.length;
        writing = writer.write(chunk);
        await writing;
        yield chunk;
      }
    },
  };
}

/** What comes over the network, with its failure in words for the sender. */
async function* connection(
  content: AsyncIterable<Uint8Array>,
  received: () => { readonly receivedBytes: number; readonly announcedBytes: number | undefined },
): AsyncGenerator<Uint8Array> {
  const chunks = content[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await chunks.next().catch((cause: unknown): never => {
        // The platform may have said already what is wrong (too large, too slow, ...).
        throw cause instanceof ApiError ? cause : uploadIncomplete(received(), cause);
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await chunks.return?.();
  }
}
