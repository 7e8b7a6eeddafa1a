import { createHash } from "node:crypto";
import { assert } from "@moult/base";
import type { ArtifactHead, VerifiedFile } from "./artifact-head.ts";
import { ArtifactError } from "./artifact-error.ts";
import { checkLimit, type ArtifactLimits } from "./artifact-limits.ts";
import { ByteReader } from "./byte-reader.ts";
import { decompress } from "./decompress.ts";
import {
  isPayloadFileName,
  parseArtifactEntryName,
  payloadFilePath,
  refusedName,
} from "./entry-name.ts";
import { createTarReader, type TarEntry, type TarReader } from "./tar-reader.ts";

const READ_BYTES_MAX = 1024 * 1024;

/** A payload file that is being read: its content must be taken before the next file is asked for. */
export interface OpenPayloadFile extends VerifiedFile {
  /** Where its bytes stand in the artifact, one after the other; null when they are compressed. */
  readonly storedAt: number | null;
  /** The next bytes; undefined after the last, when the digest was found right. */
  readonly chunk: () => Promise<Uint8Array | undefined>;
}

export interface PayloadReader {
  /** The next file of the artifact; what is left of the one before is read and verified first. */
  next(): Promise<OpenPayloadFile | undefined>;
  verified(): readonly VerifiedFile[];
}

interface SkippableFile extends OpenPayloadFile {
  /** Reads and verifies what is left. Whoever was still reading has lost it, and must not take that for the end. */
  skip(): Promise<void>;
}

interface OpenData {
  /** Where the archive of its files begins in the artifact; null when it is compressed. */
  readonly startsAt: number | null;
  readonly payloadIndex: number;
  readonly name: string;
  readonly entry: TarEntry;
  readonly bytes: ByteReader;
  readonly files: TarReader;
  /** Files of this payload that were not met yet. */
  readonly missing: Map<string, string>;
}

/**
 * Reads the data entries of an artifact, of which `position` bytes were taken. A file that the manifest does not name is refused before any of its bytes are
 * given out; a file that it names and that is not there is an error at the end of its payload.
 */
export function createPayloadReader(
  tar: TarReader,
  position: () => number,
  head: ArtifactHead,
  limits: ArtifactLimits,
): PayloadReader {
  const verified: VerifiedFile[] = [];
  let nextPayload = 0;
  let data: OpenData | undefined;
  let file: SkippableFile | undefined;
  let isDone = false;

  const openData = async (): Promise<OpenData | undefined> => {
    const entry = await tar.next();
    if (entry === undefined) {
      checkHasNoFiles(head, nextPayload, head.payloads.length);
      return undefined;
    }
    const parsed = parseArtifactEntryName(entry.name);
    if (parsed?.kind !== "data" || parsed.payloadIndex < nextPayload)
      throw new ArtifactError("entry-unexpected", { entry: entry.name });
    const { payloadIndex, compression } = parsed;
    if (payloadIndex >= head.payloads.length)
      throw new ArtifactError("entry-unexpected", { entry: entry.name, reason: "no such payload" });
    checkHasNoFiles(head, nextPayload, payloadIndex);
    nextPayload = payloadIndex + 1;
    const startsAt = compression === "none" ? position() : null;
    const bytes = new ByteReader(
      decompress(compression, contentOf(entry), entry.name, limits),
      () =>
        new ArtifactError("tar-invalid", { entry: entry.name, reason: "the archive is cut off" }),
    );
    const files = createTarReader(bytes, {
      archive: entry.name,
      checkName: (name) => {
        checkLimit(limits, "nameBytesMax", Buffer.byteLength(name), entry.name);
        if (!isPayloadFileName(name)) throw refusedName(entry.name, name);
      },
    });
    const missing = expectedFiles(head, payloadIndex);
    return { payloadIndex, startsAt, name: entry.name, entry, bytes, files, missing };
  };

  return {
    verified: () => verified,
    next: async () => {
      await file?.skip();
      file = undefined;
      while (!isDone) {
        data ??= await openData();
        if (data === undefined) {
          isDone = true;
          return undefined;
        }
        const entry = await data.files.next();
        if (entry !== undefined) {
          file = openFile(data, entry, limits, (done) => verified.push(done));
          return file;
        }
        checkDataEnd(data);
        data = undefined;
      }
      return undefined;
    },
  };
}

function openFile(
  { payloadIndex, startsAt, bytes: taken, name: archive, missing }: OpenData,
  entry: TarEntry,
  limits: ArtifactLimits,
  onVerified: (file: VerifiedFile) => void,
): SkippableFile {
  const { name, sizeBytes } = entry;
  const path = `${archive}:${name}`;
  const sha256 = missing.get(name);
  // Also a second file of the same name: the first one took the line.
  if (sha256 === undefined)
    throw new ArtifactError("not-in-manifest", {
      entry: path,
      path: payloadFilePath(payloadIndex, name),
    });
  missing.delete(name);
  checkLimit(limits, "payloadFileBytesMax", sizeBytes, path);

  const digest = createHash("sha256");
  const about: VerifiedFile = { payloadIndex, name, sizeBytes, sha256 };
  let state: "open" | "verified" | "skipped" = "open";
  const chunk = async (): Promise<Uint8Array | undefined> => {
    assert(state !== "skipped", "a payload file is read before the next one is asked for");
    if (state === "verified") return undefined;
    const bytes = await entry.some(READ_BYTES_MAX);
    if (bytes !== undefined) {
      digest.update(bytes);
      return bytes;
    }
    const actual = digest.digest("hex");
    if (actual !== sha256)
      throw new ArtifactError("digest-mismatch", { entry: path, expected: sha256, actual });
    state = "verified";
    onVerified(about);
    return undefined;
  };
  return {
    ...about,
    storedAt: startsAt === null ? null : startsAt + taken.position,
    chunk,
    skip: async () => {
      if (state !== "open") return;
      while ((await chunk()) !== undefined);
      state = "skipped";
    },
  };
}

function checkDataEnd({ payloadIndex, name, entry, missing }: OpenData): void {
  for (const file of missing.keys())
    throw new ArtifactError("manifest-unmet", { entry: payloadFilePath(payloadIndex, file) });
  if (entry.remainingBytes() > 0)
    throw new ArtifactError("compression-invalid", {
      entry: name,
      reason: "data after the end of the compressed stream",
    });
}

/** Payloads `from` up to, not including, `to` have no data entry, so the manifest must not name files of theirs. */
function checkHasNoFiles(head: ArtifactHead, from: number, to: number): void {
  for (let index = from; index < to; index += 1)
    for (const name of expectedFiles(head, index).keys())
      throw new ArtifactError("manifest-unmet", { entry: payloadFilePath(index, name) });
}

function expectedFiles(head: ArtifactHead, payloadIndex: number): Map<string, string> {
  const payload = head.payloads[payloadIndex];
  assert(payload !== undefined, "only payloads of the header are asked for");
  const augment = head.augment?.payloads[payloadIndex]?.files ?? [];
  return new Map([...payload.files, ...augment].map(({ name, sha256 }) => [name, sha256]));
}

async function* contentOf(entry: TarEntry): AsyncGenerator<Uint8Array> {
  for (let part = await entry.some(READ_BYTES_MAX); part !== undefined;) {
    yield part;
    part = await entry.some(READ_BYTES_MAX);
  }
}
