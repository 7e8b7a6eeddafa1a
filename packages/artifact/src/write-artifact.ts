import { createHash } from "node:crypto";
import { assert, present } from "@moult/base";
import {
  checkDescription,
  type ArtifactDescription,
  type PayloadFileSource,
} from "./artifact-description.ts";
import type { ArtifactHead, VerifiedFile } from "./artifact-head.ts";
import { ArtifactError } from "./artifact-error.ts";
import { checkCompression, compress, type WrittenCompression } from "./compress.ts";
import { dataEntryName } from "./entry-name.ts";
import { readArtifact } from "./read-artifact.ts";
import type { ManifestSigner } from "./signing-key.ts";
import { tarFileHeader, tarPaddingBytes } from "./tar-header.ts";
import { TAR_END, writeHead } from "./write-head.ts";

export interface ArtifactWriteOptions {
  /** `gz` by default, which every client reads; Mender's Go clients do not read zst. */
  readonly compression?: WrittenCompression;
  /** 1 to 9 for gz, 1 to 19 for zst; the compressor's own default without it. */
  readonly compressionLevel?: number;
  /** Without it the artifact is unsigned. */
  readonly signer?: ManifestSigner;
}

/** An artifact of which all is known but the digest of the whole. */
export interface PreparedArtifact {
  readonly head: ArtifactHead;
  readonly files: readonly VerifiedFile[];
  /** Of the whole artifact. */
  readonly sizeBytes: number;
  /** The artifact. Reads the payload files once more; throws `payload-changed` when they are not what they were. */
  bytes(): AsyncIterable<Uint8Array>;
}

interface Data {
  readonly entryName: string;
  readonly sources: readonly PayloadFileSource[];
  readonly files: readonly VerifiedFile[];
  /** As stored. */
  readonly sizeBytes: number;
}

/**
 * Reads every payload file once, for its digest and its compressed size, and builds all of the artifact that comes
 * before the payload data. The manifest and the tar headers hold both, so nothing could be written in a single pass
 * without keeping the compressed payload somewhere: this way a payload of any size needs neither memory nor disk.
 *
 * Throws `description-invalid`, `compression-unsupported`, and `source-failed` for what a payload source throws.
 */
export async function prepareArtifact(
  description: ArtifactDescription,
  options: ArtifactWriteOptions = {},
): Promise<PreparedArtifact> {
  const { compression = "gz", compressionLevel, signer } = options;
  checkDescription(description);
  checkCompression(compression, compressionLevel);

  const datas: Data[] = [];
  for (const [index, { files: sources }] of description.payloads.entries()) {
    const files: VerifiedFile[] = [];
    const tar = dataTar(index, sources, (file) => files.push(file));
    let sizeBytes = 0;
    for await (const part of compress(compression, compressionLevel, tar)) sizeBytes += part.length;
    datas.push({ entryName: dataEntryName(index, compression), sources, files, sizeBytes });
  }
  const files = datas.flatMap((data) => data.files);
  const headBytes = await writeHead({ description, files, compression, compressionLevel, signer });
  const head = await readBack(headBytes);
  return {
    head,
    files,
    sizeBytes: datas.reduce(
      (sum, data) => sum + entryBytes(data),
      headBytes.length + TAR_END.length,
    ),
    bytes: async function* () {
      yield headBytes;
      for (const [index, data] of datas.entries()) {
        yield tarFileHeader(data.entryName, data.sizeBytes);
        const tar = dataTar(index, data.sources, (file) => checkUnchanged(file, data.files));
        yield* exactly(data.sizeBytes, compress(compression, compressionLevel, tar));
        yield new Uint8Array(tarPaddingBytes(data.sizeBytes));
      }
      yield TAR_END;
    },
  };
}

/** Writes a Mender Artifact v3 (section 2). See `prepareArtifact`, which also tells size and head beforehand. */
export async function* writeArtifact(
  description: ArtifactDescription,
  options: ArtifactWriteOptions = {},
): AsyncGenerator<Uint8Array> {
  yield* (await prepareArtifact(description, options)).bytes();
}

/** What the reader would refuse is never written: the head goes through it, and a refusal is the description's fault. */
async function readBack(headBytes: Uint8Array): Promise<ArtifactHead> {
  try {
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield headBytes;
    };
    return (await readArtifact(source())).head;
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    throw new ArtifactError(
      "description-invalid",
      { ...error.context, refusedAs: error.code },
      { cause: error },
    );
  }
}

/** The tar of one payload's files; `onFile` hears of each when its last byte was read. */
async function* dataTar(
  payloadIndex: number,
  sources: readonly PayloadFileSource[],
  onFile: (file: VerifiedFile) => void,
): AsyncGenerator<Uint8Array> {
  for (const source of sources) {
    const { name, sizeBytes } = source;
    yield tarFileHeader(name, sizeBytes);
    const digest = createHash("sha256");
    let readBytes = 0;
    for await (const part of contentOf(source)) {
      readBytes += part.length;
      if (readBytes > sizeBytes) break;
      digest.update(part);
      yield part;
    }
    if (readBytes !== sizeBytes)
      throw new ArtifactError("payload-changed", {
        entry: name,
        reason: "the file has another size than was said",
        sizeBytes,
      });
    onFile({ payloadIndex, name, sizeBytes, sha256: digest.digest("hex") });
    yield new Uint8Array(tarPaddingBytes(sizeBytes));
  }
  yield TAR_END;
}

async function* contentOf(source: PayloadFileSource): AsyncGenerator<Uint8Array> {
  try {
    yield* source.open();
  } catch (cause) {
    throw new ArtifactError("source-failed", { entry: source.name }, { cause });
  }
}

function checkUnchanged(file: VerifiedFile, before: readonly VerifiedFile[]): void {
  const { sha256 } = present(
    before.find(({ name }) => name === file.name),
    "the second pass reads the files of the first",
  );
  if (file.sha256 !== sha256)
    throw new ArtifactError("payload-changed", {
      entry: file.name,
      reason: "the content changed while the artifact was written",
    });
}

async function* exactly(
  sizeBytes: number,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let written = 0;
  for await (const part of source) {
    written += part.length;
    // Content that changed shows here first when it compresses to more; its own check comes at its end.
    if (written > sizeBytes)
      throw new ArtifactError("payload-changed", {
        reason: "the content changed while the artifact was written",
      });
    yield part;
  }
  assert(written === sizeBytes, "a compressor gives the same for the same");
}

function entryBytes({ entryName, sizeBytes }: Data): number {
  return tarFileHeader(entryName, sizeBytes).length + sizeBytes + tarPaddingBytes(sizeBytes);
}
