import {
  MINUTE_MS,
  SECOND_MS,
  assert,
  backOffDelayMs,
  errorChain,
  type BackOff,
} from "@moult/base";
import type { TenantId, UploadId } from "@moult/model";
import { appendEvent } from "../platform/events.ts";
import { problemOf } from "../platform/http/problem-of.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { uploadArtifact, type Adoption, type Uploaded } from "../releases/index.ts";
import { moveUpload, uploadById, type StoredUpload } from "./queries.ts";
import type { PartsDeps } from "./upload-deps.ts";
import { KEPT_MS } from "./kept-upload.ts";
import { wrapUpload } from "./wrap-upload.ts";

/** What passes by itself, or when somebody makes room; the file is not to blame. */
const PASSING = new Set(["disk-full", "unavailable"]);
const RETRY: BackOff = { delayMsMin: 5 * SECOND_MS, delayMsMax: 5 * MINUTE_MS };

export interface Verifier {
  /** Once for each upload, one after the other: they share a disk. */
  add(tenantId: TenantId, id: UploadId): void;
  /** How much of it was read. */
  verifiedBytes(id: UploadId): number;
  /** Leaves off; the next start begins them again. */
  close(): Promise<void>;
}

/** Thrown into a verification that a stop of the server ends. */
class Stopped extends Error {}

/** Turns whole uploads into artifacts, by the same function as an upload in one piece. */
export function createVerifier(deps: PartsDeps): Verifier {
  const waiting = new Map<UploadId, TenantId>();
  const attempts = new Map<UploadId, number>();
  const timers = new Set<NodeJS.Timeout>();
  let current: { readonly id: UploadId; doneBytes: number } | undefined;
  let running: Promise<void> | undefined;
  let isClosed = false;

  const add = (tenantId: TenantId, id: UploadId): void => {
    if (isClosed || current?.id === id) return;
    waiting.set(id, tenantId);
    running ??= run();
  };
  const later = (tenantId: TenantId, id: UploadId): void => {
    const attempt = (attempts.get(id) ?? 0) + 1;
    attempts.set(id, attempt);
    const delayMs = backOffDelayMs(deps.retry ?? RETRY, attempt, { fraction: Math.random });
    const timer = setTimeout(() => {
      timers.delete(timer);
      add(tenantId, id);
    }, delayMs);
    timers.add(timer);
  };
  async function run(): Promise<void> {
    for (;;) {
      const [next] = waiting;
      if (next === undefined || isClosed) {
        // At once: whoever adds one a moment later starts the next run.
        running = undefined;
        return;
      }
      const [id, tenantId] = next;
      waiting.delete(id);
      current = { id, doneBytes: 0 };
      try {
        // A server that started meanwhile has begun it as well, from the same folder.
        const isOver = await deps.database.lock(`upload ${id}`, () =>
          verify(deps, deps.database.tenant(tenantId), id, counted),
        );
        if (isOver) attempts.delete(id);
        else later(tenantId, id);
      } catch (error) {
        if (error instanceof Stopped) return;
        // The database is away; the upload waits as it was.
        deps.log.error("upload-not-verified", { uploadId: id, errors: errorChain(error) });
        later(tenantId, id);
      } finally {
        current = undefined;
      }
    }
  }
  async function* counted(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      if (isClosed) throw new Stopped("the server stops");
      if (current !== undefined) current.doneBytes += chunk.length;
      yield chunk;
    }
  }

  return {
    add,
    verifiedBytes: (id) => (current?.id === id ? current.doneBytes : 0),
    close: async () => {
      isClosed = true;
      for (const timer of timers) clearTimeout(timer);
      await running;
    },
  };
}

/** False: to be tried again later. */
async function verify(
  deps: PartsDeps,
  db: TenantDb,
  id: UploadId,
  counted: (content: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
): Promise<boolean> {
  const { files, adopt, releases } = deps;
  const row = await uploadById(db, id);
  if (row?.state !== "verifying") return true;
  try {
    const wrapped = await wrapUpload(files, row);
    const adoption: Adoption = {
      begin: () => (wrapped === undefined ? adopt(files.pathOf(id)) : releases.blobs.begin()),
      conclude: (inner, uploaded) => conclude(deps, inner, id, uploaded),
    };
    const content = counted(wrapped === undefined ? files.read(id) : wrapped.bytes());
    const announcedBytes = wrapped?.sizeBytes ?? row.size_bytes;
    await uploadArtifact(db, row, { content, announcedBytes }, releases, adoption);
  } catch (error) {
    if (stoppedBy(error)) throw new Stopped("the server stops", { cause: error });
    return takeRefusal(deps, db, row, error);
  }
  await removeFile(deps, id);
  return true;
}

async function conclude(
  { clock }: PartsDeps,
  db: TenantDb,
  id: UploadId,
  { release, artifact, created }: Uploaded,
): Promise<void> {
  const at = clock.now();
  const isMoved = await moveUpload(db, id, "verifying", {
    state: "finished",
    expires_at: at + KEPT_MS,
    problem: null,
    result: { releaseId: release.id, artifactId: artifact.id, created },
  });
  assert(isMoved, "an upload that is being verified stays until it was");
  await appendEvent(db, {
    at,
    body: { kind: "upload-changed", uploadId: id, state: "finished" },
  });
}

/** Notes why not. False when it may be tried again: the file is whole, and something else was in the way. */
async function takeRefusal(
  deps: PartsDeps,
  db: TenantDb,
  { id, expires_at }: StoredUpload,
  error: unknown,
): Promise<boolean> {
  const { clock, log } = deps;
  const { problem, isBug } = problemOf(error, id);
  if (isBug) log.error("upload-not-verified", { uploadId: id, errors: errorChain(error) });
  const at = clock.now();
  if (PASSING.has(problem.code) && at < expires_at) {
    await db.transaction((inner) => moveUpload(inner, id, "verifying", { problem }));
    return false;
  }
  await db.transaction(async (inner) => {
    const isMoved = await moveUpload(inner, id, "verifying", {
      state: "refused",
      expires_at: at + KEPT_MS,
      problem,
    });
    if (!isMoved) return;
    await appendEvent(inner, {
      at,
      body: { kind: "upload-changed", uploadId: id, state: "refused" },
    });
  });
  await removeFile(deps, id);
  return true;
}

/** A failure costs room until the next sweep, and nothing else. */
async function removeFile({ files, log }: PartsDeps, id: UploadId): Promise<void> {
  try {
    await files.remove(id);
  } catch (error) {
    log.warn("upload-file-not-deleted", { uploadId: id, errors: errorChain(error) });
  }
}

/** The reader wraps what its source threw. */
function stoppedBy(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause)
    if (each instanceof Stopped) return true;
  return false;
}
