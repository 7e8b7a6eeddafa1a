import { readdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { SECOND_MS, backOffDelayMs, type Log, type Random } from "@moult/base";
import { AgentError, isAgentError } from "../agent-error.ts";
import type { DeviceSession } from "../server-link/device-session.ts";
import { systemCode } from "../storage/durable-file.ts";
import type { Ticker } from "@moult/agent-core";
import { fetchRest } from "./fetch-rest.ts";
import { isWholeFile, openPartFile, removePart, type PartFile } from "./part-file.ts";

/** What is fetched: the instruction names its length and digest, so nothing a server sends can be longer or other. */
export interface Wanted {
  readonly sha256: string;
  readonly sizeBytes: number;
}

export interface DownloadLimits {
  readonly bytesPerSecondMin: number;
  /** Over which `bytesPerSecondMin` is measured. */
  readonly windowMs: number;
  /** For one file, over all tries of one call. */
  readonly deadlineMs: number;
  /** Left free on the disk. */
  readonly reserveBytes: number;
}

export interface DownloadDeps {
  readonly session: Pick<DeviceSession, "stream">;
  /** Holds the parts; on the same file system as the files they become. */
  readonly folder: string;
  readonly limits: DownloadLimits;
  readonly ticker: Ticker;
  readonly random: Random;
  readonly log: Log;
  /** Free bytes for this user on the file system of a folder. */
  readonly freeBytes?: (folder: string) => Promise<number>;
}

export interface Downloads {
  /**
   * Brings `wanted` into `file`. Goes on with what an earlier call or run left, takes up broken connections again, and
   * returns when the whole file is verified and on the disk. Throws `disk-full`, `download-digest-mismatch`,
   * `download-refused` and `download-deadline`, or the signal's reason.
   */
  fetch(
    wanted: Wanted,
    file: string,
    signal: AbortSignal,
    onProgress: (percent: number) => void,
  ): Promise<void>;
  /** Deletes all parts but that of `wanted`. */
  prune(wanted: string | undefined): Promise<void>;
}

/** Between two connections for one file; a server that is down for hours is asked every five minutes or so. */
const BACK_OFF = { delayMsMin: SECOND_MS, delayMsMax: 300 * SECOND_MS };

/**
 * A part that does not hash to what was instructed is thrown away and fetched anew once: a power cut may have left a hole in
 * what was already here. Twice is no accident.
 */
const MISMATCHES_MAX = 2;

const PART = ".part";

export function createDownloads(deps: DownloadDeps): Downloads {
  const { folder, log } = deps;
  return {
    fetch: async (wanted, file, signal, onProgress) => {
      signal.throwIfAborted();
      if (await isWholeFile(file, wanted.sizeBytes, wanted.sha256)) {
        onProgress(100);
        return;
      }
      const path = join(folder, wanted.sha256 + PART);
      const part = await openPartFile(path, wanted.sizeBytes);
      try {
        await complete(deps, wanted, part, signal, onProgress);
        await part.becomes(file);
        log.info("download-finished", { sha256: wanted.sha256, sizeBytes: wanted.sizeBytes });
      } catch (error) {
        await part.close();
        // These end the update; the space is wanted for what comes next. Anything else may go on from here later.
        if (isFatal(error)) await removePart(path);
        throw error;
      }
    },
    prune: async (wanted) => {
      for (const name of await partNames(folder))
        if (name !== `${wanted}${PART}`) await removePart(join(folder, name));
    },
  };
}

/** Connects until the part is whole and right. */
async function complete(
  deps: DownloadDeps,
  wanted: Wanted,
  part: PartFile,
  signal: AbortSignal,
  onProgress: (percent: number) => void,
): Promise<void> {
  const { limits, ticker, random, log } = deps;
  const startedAtMs = ticker.monotonicMs();
  if (part.sizeBytes > 0) log.info("download-resumed", { atBytes: part.sizeBytes });
  let mismatches = 0;
  for (let failures = 0; ;) {
    if (part.sizeBytes === wanted.sizeBytes) {
      if (part.sha256() === wanted.sha256) return;
      mismatches += 1;
      log.error("download-digest-mismatch", { wanted: wanted.sha256, got: part.sha256() });
      await part.clear();
      if (mismatches === MISMATCHES_MAX)
        throw new AgentError("download-digest-mismatch", { sha256: wanted.sha256 });
    }
    const beforeBytes = part.sizeBytes;
    try {
      await checkSpace(deps, wanted.sizeBytes - part.sizeBytes);
      await fetchRest(deps, wanted, part, signal, onProgress);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (isFatal(error)) throw error;
      // A connection that brought something is no failure in a row: the next one may as well.
      failures = part.sizeBytes > beforeBytes ? 1 : failures + 1;
      const delayMs = backOffDelayMs(BACK_OFF, failures, random);
      log.warn("download-interrupted", { atBytes: part.sizeBytes, retryInMs: delayMs, error });
      if (ticker.monotonicMs() - startedAtMs + delayMs > limits.deadlineMs) {
        const context = { atBytes: part.sizeBytes, sizeBytes: wanted.sizeBytes };
        throw new AgentError("download-deadline", context, { cause: error });
      }
      await ticker.sleep(delayMs, signal);
    }
  }
}

const isFatal = (error: unknown): boolean =>
  isAgentError(error, "disk-full", "download-digest-mismatch", "download-refused", "file-failed");

async function checkSpace(
  { folder, limits, freeBytes = freeBytesOn }: DownloadDeps,
  missingBytes: number,
): Promise<void> {
  const free = await freeBytes(folder);
  const neededBytes = missingBytes + limits.reserveBytes;
  if (free < neededBytes)
    throw new AgentError("disk-full", { folder, neededBytes, freeBytes: free });
}

async function freeBytesOn(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

async function partNames(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith(PART));
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return [];
    throw new AgentError("file-failed", { path: folder, doing: "list" }, { cause });
  }
}
