import {
  HOUR_MS,
  MINUTE_MS,
  SECOND_MS,
  assert,
  backOffDelayMs,
  present,
  unreachable,
  type BackOff,
  type Log,
  type Random,
} from "@moult/base";
import { LOG_BYTES_MAX, type AssignmentEventsRequest } from "@moult/device-protocol";
import { createWaker } from "../platform/waker.ts";
import { jsonPost, type DeviceSession } from "../server-link/device-session.ts";
import { UNREACHABLE, patience } from "../server-link/patience.ts";
import { readProblem, type Problem } from "../server-link/read-problem.ts";
import type { Ticker } from "@moult/agent-core";
import { readLogEnds } from "./read-log-ends.ts";
import type { ReportEntry, ReportQueue } from "./report-queue.ts";

export interface ReportSenderDeps {
  readonly queue: ReportQueue;
  /** The connection to the server that gave an assignment. */
  readonly sessionFor: (assignmentId: string) => Pick<DeviceSession, "request">;
  readonly ticker: Ticker;
  readonly random: Random;
  readonly log: Log;
}

export interface ReportSender {
  /** Sends what the queue holds, as it comes, until aborted. Nothing leaves the queue before the server settled it. */
  run(signal: AbortSignal): Promise<void>;
  /** Tries now what is waiting for its next try: the server was just heard from. */
  nudge(): void;
}

const BATCH_MAX = 100;
/** Progress of a download is worth this many messages, no more. */
const PROGRESS_INTERVAL_MS = SECOND_MS;

/** How an update ended is never dropped: a server that cannot read it today may be newer tomorrow. */
const UNHEARD_FINISH: BackOff = { delayMsMin: 10 * MINUTE_MS, delayMsMax: 6 * HOUR_MS };

type Sent =
  | { readonly kind: "settled" }
  /** The server wants nothing more of this attempt. */
  | { readonly kind: "closed"; readonly problem: Problem }
  /** The server will never take this as it is. */
  | { readonly kind: "unacceptable"; readonly problem: Problem }
  | { readonly kind: "later"; readonly backOff: BackOff };

export function createReportSender(deps: ReportSenderDeps): ReportSender {
  const { queue, ticker, random } = deps;
  const waker = createWaker(ticker);
  let failures = 0;

  const run = async (signal: AbortSignal): Promise<void> => {
    // A new report does not cut short the pause that an unreachable server was granted.
    const unsubscribe = queue.onChange(() => failures === 0 && waker.wake());
    let batchMax = BATCH_MAX;
    let progressSentAtMs = Number.NEGATIVE_INFINITY;
    try {
      while (!signal.aborted) {
        const head = queue.head(batchMax);
        const isProgress = head.every(isProgressEntry);
        const waitMs = progressSentAtMs + PROGRESS_INTERVAL_MS - ticker.monotonicMs();
        if (head.length === 0 || (isProgress && waitMs > 0)) {
          await waker.sleep(head.length === 0 ? undefined : waitMs, signal);
          continue;
        }
        if (isProgress) progressSentAtMs = ticker.monotonicMs();
        queue.sending(head);
        const sent = await send(deps, head, signal);
        failures = sent.kind === "later" ? failures + 1 : 0;
        if (sent.kind === "later")
          await waker.sleep(backOffDelayMs(sent.backOff, failures, random), signal);
        else batchMax = await settle(deps, head, sent);
      }
    } finally {
      unsubscribe();
    }
  };
  return { run, nudge: () => waker.wake() };
}

const isProgressEntry = (entry: ReportEntry): boolean =>
  entry.kind === "event" && entry.event.kind === "downloading";

const isFinish = ([first, ...others]: readonly ReportEntry[]): boolean =>
  first?.kind === "event" && first.event.kind === "finished" && others.length === 0;

async function send(
  { sessionFor, log }: ReportSenderDeps,
  head: readonly ReportEntry[],
  signal: AbortSignal,
): Promise<Sent> {
  try {
    const request = await requestFor(head, signal);
    if (request === undefined) return { kind: "settled" };
    const reply = await sessionFor(present(head[0], "something is sent").assignmentId).request(
      request,
    );
    if (reply.kind !== "reply") {
      log.warn("report-postponed", { ...reply });
      return { kind: "later", backOff: patience(reply) };
    }
    if (reply.status >= 200 && reply.status <= 299) return { kind: "settled" };
    const problem = readProblem(reply);
    // By the protocol's code, not by the status: a proxy that lost its server says 404 as well.
    if (problem.code === "not-found" || problem.code === "assignment-closed")
      return { kind: "closed", problem };
    const isUnacceptable = [400, 413, 415, 422].includes(problem.status);
    if (isUnacceptable && !isFinish(head)) return { kind: "unacceptable", problem };
    log.warn("report-postponed", { ...problem });
    const backOff = isUnacceptable ? UNHEARD_FINISH : patience({ kind: "problem", problem });
    return { kind: "later", backOff };
  } catch (error) {
    if (!signal.aborted) log.warn("report-postponed", { error });
    return { kind: "later", backOff: UNREACHABLE };
  }
}

/** Undefined when there is nothing to send: the log is gone. */
async function requestFor(head: readonly ReportEntry[], signal: AbortSignal) {
  const [first] = head;
  assert(first !== undefined, "there is something to send");
  const of = `/device/v1/assignments/${first.assignmentId}`;
  if (first.kind === "event") {
    const events = head.flatMap((entry) => (entry.kind === "event" ? entry.event : []));
    const content = { attempt: first.attempt, events } satisfies AssignmentEventsRequest;
    return jsonPost(`${of}/events`, content, signal);
  }
  const body = await readLogEnds(first.file, LOG_BYTES_MAX);
  if (body === undefined) return undefined;
  const path = `${of}/attempts/${first.attempt}/log`;
  const headers = { "content-type": "text/plain; charset=utf-8" };
  return { method: "PUT", path, body, headers, signal } as const;
}

/** Does what the server's word means for the queue; how many events the next message may hold. */
async function settle(
  { queue, log }: ReportSenderDeps,
  head: readonly ReportEntry[],
  sent: Exclude<Sent, { kind: "later" }>,
): Promise<number> {
  const [first] = head;
  assert(first !== undefined, "something was sent");
  const { assignmentId, attempt } = first;
  switch (sent.kind) {
    case "settled":
      await queue.settle(head);
      return BATCH_MAX;
    case "closed":
      log.warn("reports-dropped", { assignmentId, attempt, ...sent.problem });
      await queue.drop(first);
      return BATCH_MAX;
    case "unacceptable":
      // One event that this server does not understand must not hold up the others: they go one by one.
      if (head.length > 1) return 1;
      log.error("report-unacceptable", { assignmentId, attempt, entry: first, ...sent.problem });
      await queue.settle(head);
      return 1;
    default:
      return unreachable(sent);
  }
}
