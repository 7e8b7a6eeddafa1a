import type { IncomingMessage } from "node:http";
import { AgentError } from "../agent-error.ts";
import { abortReason } from "../platform/abort-reason.ts";
import type { TurnedAway } from "../server-link/device-session.ts";
import { transportError, type HttpReply, type HttpStream } from "../server-link/http-client.ts";
import { problemError, readProblem } from "../server-link/read-problem.ts";
import type { DownloadDeps, DownloadLimits, Wanted } from "./create-downloads.ts";
import type { PartFile } from "./part-file.ts";

/**
 * One connection: asks for what `part` lacks and appends what comes. Returns when the part is as long as wanted; throws
 * when the connection ends before, is too slow, or is answered with something else. Blobs are named by their digest and
 * never change, so a range needs no validator.
 */
export async function fetchRest(
  { session, limits }: Pick<DownloadDeps, "session" | "limits">,
  wanted: Wanted,
  part: PartFile,
  signal: AbortSignal,
  onProgress: (percent: number) => void,
): Promise<void> {
  const path = `/device/v1/blobs/${wanted.sha256}`;
  const offset = part.sizeBytes;
  const headers = offset === 0 ? {} : { range: `bytes=${offset}-` };
  const reply = await session.stream({ method: "GET", path, headers, signal });
  if (reply.kind !== "stream") throw await refusal(path, reply, part);

  try {
    await checkRange(path, reply, wanted, part);
    await readInto(reply.body, { part, wanted, limits, signal, onProgress });
  } catch (cause) {
    reply.body.destroy();
    throw cause instanceof AgentError || signal.aborted ? cause : transportError(path, cause);
  }
  if (part.sizeBytes < wanted.sizeBytes)
    throw new AgentError("server-unreachable", { path, reason: "the connection ended early" });
}

interface Transfer {
  readonly part: PartFile;
  readonly wanted: Wanted;
  readonly limits: DownloadLimits;
  readonly signal: AbortSignal;
  readonly onProgress: (percent: number) => void;
}

async function readInto(body: IncomingMessage, transfer: Transfer): Promise<void> {
  const { part, wanted, limits, signal, onProgress } = transfer;
  const bytesMin = (limits.bytesPerSecondMin * limits.windowMs) / 1_000;
  let windowStart = part.sizeBytes;
  const watch = setInterval(() => {
    const bytes = part.sizeBytes - windowStart;
    windowStart = part.sizeBytes;
    if (bytes < bytesMin)
      body.destroy(new AgentError("download-slow", { bytes, windowMs: limits.windowMs }));
  }, limits.windowMs);
  const onAbort = (): void => void body.destroy(abortReason(signal));
  signal.addEventListener("abort", onAbort, { once: true });

  let shownPercent = -1;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (part.sizeBytes + chunk.length > wanted.sizeBytes)
        throw new AgentError("download-refused", {
          reason: "the server sends more than the instruction says",
          sizeBytes: wanted.sizeBytes,
        });
      await part.append(chunk);
      const percent = Math.floor((part.sizeBytes / wanted.sizeBytes) * 100);
      if (percent !== shownPercent) onProgress((shownPercent = percent));
    }
  } finally {
    clearInterval(watch);
    signal.removeEventListener("abort", onAbort);
  }
}

/** Makes sure that what follows is what the part lacks: the rest from its end, or, on 200, the whole from the start. */
async function checkRange(
  path: string,
  reply: HttpStream,
  wanted: Wanted,
  part: PartFile,
): Promise<void> {
  if (reply.status === 200) {
    if (part.sizeBytes > 0) await part.clear();
    return;
  }
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(reply.headers["content-range"] ?? "");
  const [, start, total] = range ?? [];
  const isRest = reply.status === 206 && Number(start) === part.sizeBytes;
  const isWanted = total === "*" || Number(total) === wanted.sizeBytes;
  if (isRest && isWanted) return;
  const contentRange = reply.headers["content-range"];
  throw new AgentError("reply-invalid", { path, status: reply.status, contentRange });
}

/** What to make of an answer without content: some can change by themselves, others say that there is nothing to get. */
async function refusal(
  path: string,
  reply: HttpReply | TurnedAway,
  part: PartFile,
): Promise<AgentError> {
  if (reply.kind === "not-accepted")
    return new AgentError("request-refused", { path, code: `device-${reply.state}` });
  const problem = reply.kind === "problem" ? reply.problem : readProblem(reply);
  // The part is longer than what the server has: it cannot be a part of it.
  if (problem.status === 416) await part.clear();
  // A proxy that lost its server answers without a code of the protocol: that changes by itself.
  const isForGood =
    [400, 403, 404, 405, 410].includes(problem.status) && problem.code !== `http-${problem.status}`;
  const isAboutDevice = problem.code.startsWith("device-");
  if (isForGood && !isAboutDevice) {
    const { status, code, detail } = problem;
    return new AgentError("download-refused", { path, status, code, detail });
  }
  return problemError(path, problem);
}
