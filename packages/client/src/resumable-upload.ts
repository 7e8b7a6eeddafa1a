import type { Problem, Upload } from "@moult/api";
import { backOffDelayMs, type BackOff } from "@moult/base";
import { ApiProblem } from "./api-problem.ts";
import { ClientError } from "./client-error.ts";
import { isTransient, type Transport } from "./transport.ts";
import { createTusRequests, type TusRequests } from "./tus-requests.ts";
import { fingerprintOf, type UploadMemory } from "./upload-memory.ts";
import { reasonOf, wait } from "./wait.ts";

/** Where the artifact goes. `fileName` is shown, and part of what an upload is recognised by. */
export interface ResumablePlace {
  readonly product: string;
  readonly channel?: string | undefined;
  readonly fileName: string;
  /** Of a file that is no artifact and does not say so itself: what it is called, and what it fits. */
  readonly version?: string | undefined;
  readonly hardwareTypes?: readonly string[] | undefined;
}

export interface ResumableProgress {
  /** `verifying`: the server has all of it and reads it once more. */
  readonly phase: "uploading" | "verifying";
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** What holds up the verification, for example a full disk; it goes on by itself. */
  readonly problem: Problem | null;
}

export interface ResumableOptions {
  /** Stops it here; what the server has stays there for a day. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ResumableProgress) => void;
  /** The server has this much of the file from an earlier try. */
  readonly onContinued?: (upload: Upload) => void;
  /** The connection broke, and is made again. */
  readonly onBroken?: (error: Error) => void;
  /** Without one, an upload goes on after cut connections and not after a restart of the client. */
  readonly memory?: UploadMemory;
}

/** Tries without one byte more before it is given up; with the waits between them, minutes. */
const TRIES_MAX = 10;
const RETRY: BackOff = { delayMsMin: 200, delayMsMax: 20_000 };
/**
 * One request carries what takes about this long: long enough that requests cost little, short enough that progress is
 * seen, which `fetch` tells at no other time, and that a cut costs little.
 */
const PART_MS = { min: 1_000, max: 4_000 };
const PART_BYTES = { first: 512 * 1024, min: 64 * 1024, max: 32 * 1024 * 1024 };
const POLL_MS = { min: 100, max: 1_000 };

/**
 * Uploads an artifact by tus 1.0, in parts: across cut connections and restarts of either side it goes on where it was.
 * Resolves when the artifact is a release's; throws the server's refusal as `ApiProblem`, and the signal's reason.
 * In Node, `fs.openAsBlob` makes a `Blob` of a file without reading it.
 */
export async function resumableUpload(
  transport: Transport,
  content: Blob,
  place: ResumablePlace,
  options: ResumableOptions,
): Promise<Upload> {
  const { product, channel = "prod", fileName, version, hardwareTypes } = place;
  const named = {
    ...(version === undefined ? {} : { version }),
    ...(hardwareTypes === undefined ? {} : { hardwaretypes: hardwareTypes.join(",") }),
  };
  const names = [transport.baseUrl, product, channel, fileName, ...Object.values(named)];
  const fingerprint = await fingerprintOf(content, names);
  const { memory, signal } = options;
  const requests = createTusRequests(transport, signal);
  let upload = await continued(requests, await memory?.recall(fingerprint), content);
  if (upload !== undefined) options.onContinued?.(upload);
  else {
    const id = await requests.begin(content.size, {
      product,
      channel,
      filename: fileName,
      ...named,
    });
    await memory?.remember(fingerprint, id);
    upload = await requests.show(id);
  }
  const { id } = upload;
  try {
    if (upload.state === "uploading") await sendParts(requests, id, content, options);
    upload = await untilEnded(requests, id, options);
  } catch (error) {
    if (error instanceof ApiProblem && error.code === "not-found")
      await memory?.forget(fingerprint);
    throw error;
  }
  await memory?.forget(fingerprint);
  if (upload.state === "refused" && upload.problem !== null) throw new ApiProblem(upload.problem);
  return upload;
}

/** Ends an upload and frees its room; one that ended is forgotten. */
export async function cancelUpload(
  transport: Transport,
  uploadId: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  await createTusRequests(transport, signal).end(uploadId);
}

/** The upload that was begun before, if it is of this file and may still become something. */
async function continued(
  requests: TusRequests,
  id: string | undefined,
  content: Blob,
): Promise<Upload | undefined> {
  if (id === undefined) return undefined;
  try {
    const upload = await requests.show(id);
    // A refusal was for what the product took then; it may be another answer now.
    return upload.sizeBytes === content.size && upload.state !== "refused" ? upload : undefined;
  } catch (error) {
    if (error instanceof ApiProblem && error.code === "not-found") return undefined;
    throw error;
  }
}

async function sendParts(
  requests: TusRequests,
  id: string,
  content: Blob,
  { signal, onProgress, onBroken }: ResumableOptions,
): Promise<void> {
  const totalBytes = content.size;
  let partBytes = PART_BYTES.first;
  let offset: number | undefined;
  let reached = -1;
  for (let tries = 0; ;) {
    try {
      offset ??= await requests.offset(id);
      if (offset > reached) {
        reached = offset;
        tries = 0;
      }
      onProgress?.({ phase: "uploading", doneBytes: offset, totalBytes, problem: null });
      if (offset >= totalBytes) return;
      const startedMs = performance.now();
      const part = await readPart(content, offset, offset + partBytes);
      offset = await requests.patch(id, offset, part);
      partBytes = nextPartBytes(partBytes, performance.now() - startedMs);
    } catch (error) {
      if (signal?.aborted === true) throw reasonOf(signal);
      tries += 1;
      // Where the next byte goes is the server's to say: another request, or this one's unheard answer, moved it.
      offset = undefined;
      if (error instanceof ClientError && error.code === "timed-out") partBytes = PART_BYTES.min;
      const isMoved = error instanceof ApiProblem && error.code === "upload-offset-differs";
      if (!isMoved && !isTransient(error)) throw error;
      if (tries >= TRIES_MAX) throw new ClientError("upload-incomplete", {}, { cause: error });
      if (!isMoved && tries === 1) onBroken?.(error as Error);
      await wait(backOffDelayMs(RETRY, tries, requests.random), signal);
    }
  }
}

/** Read before it is sent: a file that cannot be read is no broken connection, which `fetch` would take it for. */
async function readPart(
  content: Blob,
  start: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await content.slice(start, end).arrayBuffer());
  } catch (cause) {
    throw new ClientError("content-unreadable", { start }, { cause });
  }
}

function nextPartBytes(partBytes: number, tookMs: number): number {
  if (tookMs < PART_MS.min) return Math.min(partBytes * 2, PART_BYTES.max);
  return tookMs > PART_MS.max ? Math.max(partBytes / 2, PART_BYTES.min) : partBytes;
}

async function untilEnded(
  requests: TusRequests,
  id: string,
  { signal, onProgress, onBroken }: ResumableOptions,
): Promise<Upload> {
  let pollMs = POLL_MS.min;
  for (let tries = 0; ;) {
    try {
      const upload = await requests.show(id);
      tries = 0;
      if (upload.state === "finished" || upload.state === "refused") return upload;
      const { verifiedBytes: doneBytes, sizeBytes: totalBytes, problem } = upload;
      onProgress?.({ phase: "verifying", doneBytes, totalBytes, problem });
    } catch (error) {
      if (signal?.aborted === true) throw reasonOf(signal);
      tries += 1;
      if (!isTransient(error) || tries >= TRIES_MAX) throw error;
      if (tries === 1) onBroken?.(error as Error);
    }
    await wait(pollMs, signal);
    pollMs = Math.min(pollMs * 1.5, POLL_MS.max);
  }
}
