import { createHash } from "node:crypto";
import type {
  ArtifactHead,
  ArtifactSummary,
  VerifiedArtifact,
  VerifiedFile,
} from "./artifact-head.ts";
import { ArtifactError } from "./artifact-error.ts";
import { checkLimit, limitsWith, type ArtifactLimits } from "./artifact-limits.ts";
import { ByteReader } from "./byte-reader.ts";
import { parseArtifactEntryName, refusedName } from "./entry-name.ts";
import { readHead, type HeadReading } from "./read-head.ts";
import { createPayloadReader, type OpenPayloadFile } from "./read-payloads.ts";
import type { VerifyKey } from "./signing-key.ts";
import { createTarReader } from "./tar-reader.ts";

export interface ArtifactReadOptions {
  /**
   * When given, an artifact must be signed by one of them (section 2.3). An empty list is refused: a product that
   * demands signatures and lost its keys must not fall back to none. Without this a signature is reported as `unverified`.
   */
  readonly verifyKeys?: readonly VerifyKey[];
  /** With `verifyKeys`: whether an artifact without a signature is refused, as by default; one that is there is always verified. */
  readonly unsigned?: "read" | "refuse";
  /** Whether unsigned augmented parts are read or refused; servers alone have a use for them. Refused by default. */
  readonly augmented?: "read" | "refuse";
  /** Over the defaults, `ARTIFACT_LIMITS`. */
  readonly limits?: Partial<ArtifactLimits>;
}

/** A payload file in the middle of a reading. */
export interface PayloadFileReading extends VerifiedFile {
  /** Where its bytes stand in the artifact, one after the other; null when they are compressed. */
  readonly storedAt: number | null;
  /**
   * The uncompressed bytes. They are verified only when this has ended without an error, so nothing may be activated
   * before. May be left early or not be taken at all: what is left is then verified without being given out.
   */
  readonly content: AsyncIterable<Uint8Array>;
}

/** An artifact whose head was read and verified, and whose payloads are waiting in the source. */
export interface ArtifactReading {
  readonly head: ArtifactHead;
  /** The payload files in their order, one at a time. */
  payloadFiles(): AsyncIterable<PayloadFileReading>;
  /** Reads and verifies whatever is left, up to the last byte of the source. */
  finish(): Promise<ArtifactSummary>;
  /** Stops before the end and tells the source so; nothing more is verified. After an error this has happened already. */
  close(): Promise<void>;
}

/**
 * Starts reading a Mender Artifact v3 (section 2), with memory that depends on `limits` alone.
 *
 * Resolves when everything before the payload data was read and verified, without asking the source for more than that:
 * a source that holds only the head will do. All failures, then and later, are an `ArtifactError`; an error of the
 * source itself is the cause of a `source-failed`.
 */
export async function readArtifact(
  source: AsyncIterable<Uint8Array>,
  options: ArtifactReadOptions = {},
): Promise<ArtifactReading> {
  return (await openArtifact(source, options)).reading;
}

/** Reads and verifies a whole artifact and tells what it is. */
export async function inspectArtifact(
  source: AsyncIterable<Uint8Array>,
  options: ArtifactReadOptions = {},
): Promise<ArtifactSummary> {
  return (await readArtifact(source, options)).finish();
}

/**
 * Reads and verifies a whole artifact as `inspectArtifact` does, without the digest of the whole: for whoever wants to
 * know whether it is sound and not which one it is. Digests are most of the work, so this takes about half as long.
 */
export async function verifyArtifact(
  source: AsyncIterable<Uint8Array>,
  options: ArtifactReadOptions = {},
): Promise<VerifiedArtifact> {
  const { reading } = await openArtifact(source, options, false);
  const { sha256: _, ...verified } = await reading.finish();
  return verified;
}

/** A reading with what only the signer needs: where the signature belongs. */
export interface OpenArtifact extends Omit<HeadReading, "head"> {
  readonly reading: ArtifactReading;
}

/** Without `isWholeDigested` the digest ends with the head, and the summary's `sha256` means nothing. */
export async function openArtifact(
  source: AsyncIterable<Uint8Array>,
  options: ArtifactReadOptions,
  isWholeDigested = true,
): Promise<OpenArtifact> {
  const limits = limitsWith(options.limits);
  if (options.verifyKeys?.length === 0)
    throw new ArtifactError("key-unusable", {
      reason: "signatures are demanded, but there is no key to verify them with",
    });
  const digest = createHash("sha256");
  let isDigesting = true;
  const bytes = new ByteReader(
    guarded(source, limits),
    (endedAt) => new ArtifactError("artifact-truncated", { entry: "artifact", endedAt }),
    (taken) => {
      if (isDigesting) digest.update(taken);
    },
  );
  const tar = createTarReader(bytes, {
    archive: "artifact",
    checkName: (name) => {
      checkLimit(limits, "nameBytesMax", Buffer.byteLength(name), "artifact");
      if (parseArtifactEntryName(name) === undefined) throw refusedName("artifact", name);
    },
  });
  const steps = createSteps(() => bytes.close());
  const { head, ...layout } = await steps.run(() =>
    readHead(tar, bytes, digest, {
      verifyKeys: options.verifyKeys,
      allowsUnsigned: options.unsigned === "read",
      allowsAugmented: options.augmented === "read",
      limits,
    }),
  );

  isDigesting = isWholeDigested;

  const payloads = createPayloadReader(tar, () => bytes.position, head, limits);
  const nextFile = (): Promise<OpenPayloadFile | undefined> => steps.run(() => payloads.next());
  let summary: ArtifactSummary | undefined;
  const reading: ArtifactReading = {
    head,
    payloadFiles: async function* () {
      for (let file = await nextFile(); file !== undefined; file = await nextFile()) {
        const { chunk, ...about } = file;
        yield { ...about, content: contentOf(() => steps.run(chunk)) };
      }
    },
    finish: async () => {
      while ((await nextFile()) !== undefined);
      summary ??= {
        head,
        files: payloads.verified(),
        sizeBytes: bytes.position,
        sha256: digest.digest("hex"),
      };
      return summary;
    },
    close: () => steps.close(),
  };
  return { reading, ...layout };
}

async function* contentOf(
  chunk: () => Promise<Uint8Array | undefined>,
): AsyncGenerator<Uint8Array> {
  for (let bytes = await chunk(); bytes !== undefined; bytes = await chunk()) yield bytes;
}

interface Steps {
  run<T>(step: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * One step after the other, also when a caller's stream still reads ahead; the first error closes the source and is what
 * every later step gives, too.
 */
function createSteps(closeSource: () => Promise<void>): Steps {
  let failure: ArtifactError | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const attempt = async <T>(step: () => Promise<T>): Promise<T> => {
    if (failure !== undefined) throw failure;
    try {
      return await step();
    } catch (error) {
      if (error instanceof ArtifactError) failure = error;
      // Not awaited: a decoder may still wait for a source that will not answer.
      void closeSource().catch(() => undefined);
      throw error;
    }
  };
  return {
    run: (step) => {
      const result = last.then(() => attempt(step));
      last = result.catch(() => undefined);
      return result;
    },
    close: async () => {
      failure ??= new ArtifactError("source-failed", { reason: "the reading was closed" });
      await closeSource();
    },
  };
}

/** The source, bounded, with its own errors told apart from those of the artifact. */
async function* guarded(
  source: AsyncIterable<Uint8Array>,
  limits: ArtifactLimits,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  const chunks = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await chunks.next().catch((cause: unknown): never => {
        // A writer or signer of this package may be the source.
        if (cause instanceof ArtifactError) throw cause;
        throw new ArtifactError("source-failed", { receivedBytes: received }, { cause });
      });
      if (next.done === true) return;
      received += next.value.length;
      checkLimit(limits, "artifactBytesMax", received, "artifact");
      yield next.value;
    }
  } finally {
    await chunks.return?.();
  }
}
