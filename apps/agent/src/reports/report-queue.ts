import { open, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Log } from "@moult/base";
import { AssignmentEvent } from "@moult/device-protocol";
import { AssignmentId } from "@moult/model";
import * as z from "zod";
import { AgentError } from "../agent-error.ts";
import {
  makeFolder,
  readFileIfPresent,
  syncFolder,
  systemCode,
  writeFileDurably,
} from "../storage/durable-file.ts";

const Attempt = z.object({ assignmentId: AssignmentId, attempt: z.int().min(1) });
type Attempt = z.infer<typeof Attempt>;

/** Something the server is still to hear. */
const Entry = z.discriminatedUnion("kind", [
  Attempt.extend({ kind: z.literal("event"), event: AssignmentEvent }),
  Attempt.extend({ kind: z.literal("log"), file: z.string() }),
]);
export type ReportEntry = z.infer<typeof Entry>;

const Finished = z.object({ ...Attempt.shape, event: AssignmentEvent });

/** What outlives the entries: how far the newest attempt's events are numbered, and how it ended. */
const Memory = z.object({
  kind: z.literal("memory"),
  newest: Attempt.extend({ sequence: z.int().min(1) }).nullable(),
  finished: Finished.nullable(),
});
type Memory = z.infer<typeof Memory>;

const Line = z.discriminatedUnion("kind", [Entry, Memory]);

/** The durable queue to the server. A report is part of it when `add` returns, and leaves it by `settle` alone. */
export interface ReportQueue {
  /**
   * Adds an event unless its number is already taken, and the attempt's log after it when `logFile` is given. The first end
   * of an attempt is always added, under a new number if need be.
   */
  add(attempt: Attempt, event: AssignmentEvent, logFile?: string): Promise<void>;
  /**
   * Says again how `attempt` ended, under a new number, when the server still offers it although it had acknowledged the
   * end: it was restored from a backup. False when this attempt did not end here.
   */
  repeatFinished(attempt: Attempt): Promise<boolean>;
  /** The oldest events, all of one attempt, at most `countMax`; or one log. Empty when nothing waits. */
  head(countMax: number): readonly ReportEntry[];
  /** Says that these are on their way: from now on nothing newer takes their place. */
  sending(entries: readonly ReportEntry[]): void;
  /** Takes entries out of the queue. */
  settle(entries: readonly ReportEntry[]): Promise<void>;
  /** Takes all of an attempt out of the queue: its server wants nothing more of it. */
  drop(attempt: Attempt): Promise<void>;
  readonly length: number;
  /** Called after each change. Returns how to stop listening. */
  onChange(listener: () => void): () => void;
  close(): Promise<void>;
}

const FILE = "reports.jsonl";

/**
 * Opens the queue in `dataDir`: one JSON line an entry, appended and forced to the disk before it counts, rewritten whole
 * when entries leave. A last line that a power cut tore never counted and is dropped.
 */
export async function openReportQueue(dataDir: string, log: Log): Promise<ReportQueue> {
  await makeFolder(dataDir);
  const path = join(dataDir, FILE);
  const state = await load(path, log);
  const file = createLineFile(path);
  await file.rewrite(linesOf(state));

  const listeners = new Set<() => void>();
  let last: Promise<unknown> = Promise.resolve();
  /** One change at a time, on the disk and then in memory: a rewrite must not lose what is just being appended. */
  const change = <Result>(run: () => Promise<Result>): Promise<Result> => {
    const done = last.then(run, run);
    last = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  };
  const append = async (added: readonly ReportEntry[]): Promise<void> => {
    await file.append(added);
    for (const entry of added) take(state, entry);
    for (const listener of listeners) listener();
  };
  const leave = (isLeaving: (entry: ReportEntry) => boolean): Promise<void> =>
    change(async () => {
      const entries = state.entries.filter((entry) => !isLeaving(entry));
      await file.rewrite(linesOf({ ...state, entries }));
      state.entries = entries;
      for (const listener of listeners) listener();
    });

  return {
    add: (attempt, event, logFile) =>
      change(async () => {
        if (isTaken(state, attempt, event)) {
          const { newest, finished } = state.memory;
          if (event.kind !== "finished" || newest === null) return;
          if (finished !== null && isSame(finished, attempt)) return;
          // An older agent that came back counts on from where it was left; how it ended must not go under for that.
          event = { ...event, sequence: newest.sequence + 1 };
        }
        const logs: ReportEntry[] =
          logFile === undefined ? [] : [{ kind: "log", ...pick(attempt), file: logFile }];
        await append([{ kind: "event", ...pick(attempt), event }, ...logs]);
      }),
    repeatFinished: (attempt) =>
      change(async () => {
        const { newest, finished } = state.memory;
        if (newest === null || finished === null || !isSame(finished, attempt)) return false;
        // It is still on its way: the server could not know.
        if (state.entries.some((entry) => isSame(entry, attempt))) return true;
        const event = { ...finished.event, sequence: newest.sequence + 1 };
        await append([{ kind: "event", ...pick(attempt), event }]);
        return true;
      }),
    head: (countMax) => headOf(state, countMax),
    sending: (entries) => {
      for (const entry of entries) state.onTheirWay.add(entry);
    },
    settle: (settled) => leave((entry) => settled.includes(entry)),
    drop: (attempt) => leave((entry) => isSame(entry, attempt)),
    get length() {
      return state.entries.length;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => change(() => file.close()),
  };
}

/** How many reports wait in `dataDir`, for those that only look. */
export async function countWaitingReports(dataDir: string, log: Log): Promise<number> {
  return (await load(join(dataDir, FILE), log)).entries.length;
}

interface QueueState {
  entries: readonly ReportEntry[];
  memory: Memory;
  readonly onTheirWay: WeakSet<ReportEntry>;
}

/** Takes one entry in, in memory; of progress that nobody has heard yet only the newest matters. */
function take(state: QueueState, entry: ReportEntry): void {
  if (entry.kind === "event") {
    if (isTaken(state, entry, entry.event)) return;
    const { assignmentId, attempt, event } = entry;
    const newest = { assignmentId, attempt, sequence: event.sequence };
    const finished = event.kind === "finished" ? { assignmentId, attempt, event } : undefined;
    state.memory = { kind: "memory", newest, finished: finished ?? state.memory.finished };
  }
  const last = state.entries.at(-1);
  const isReplaced =
    last !== undefined && isProgress(last) && isProgress(entry) && !state.onTheirWay.has(last);
  state.entries = [...(isReplaced ? state.entries.slice(0, -1) : state.entries), entry];
}

/** Whether an event's number was given to one before it, delivered or not. */
function isTaken({ memory }: QueueState, attempt: Attempt, event: AssignmentEvent): boolean {
  const { newest } = memory;
  return newest !== null && isSame(newest, attempt) && event.sequence <= newest.sequence;
}

function headOf(state: QueueState, countMax: number): readonly ReportEntry[] {
  const [first] = state.entries;
  if (first === undefined) return [];
  const others = state.entries.findIndex(
    (entry) => entry.kind !== "event" || !isSame(entry, first),
  );
  const events = others === -1 ? state.entries : state.entries.slice(0, others);
  return first.kind === "log" ? [first] : events.slice(0, countMax);
}

const isProgress = (entry: ReportEntry): boolean =>
  entry.kind === "event" && entry.event.kind === "downloading";

const isSame = (left: Attempt, right: Attempt): boolean =>
  left.assignmentId === right.assignmentId && left.attempt === right.attempt;

const pick = ({ assignmentId, attempt }: Attempt): Attempt => ({ assignmentId, attempt });

/** The memory last: it counts the entries before it as taken in, and what is appended goes on from there. */
const linesOf = ({ memory, entries }: QueueState) => [...entries, memory];

async function load(path: string, log: Log): Promise<QueueState> {
  const state: QueueState = {
    entries: [],
    memory: { kind: "memory", newest: null, finished: null },
    onTheirWay: new WeakSet(),
  };
  const text = (await readFileIfPresent(path))?.toString("utf8") ?? "";
  const lines = text.split("\n").filter((line) => line !== "");
  for (const [index, line] of lines.entries()) {
    const parsed = parseLine(line);
    if (parsed === undefined)
      log.warn("report-line-dropped", {
        path,
        line: index + 1,
        isLast: index === lines.length - 1,
      });
    else if (parsed.kind === "memory") state.memory = parsed;
    else take(state, parsed);
  }
  return state;
}

function parseLine(line: string): z.infer<typeof Line> | undefined {
  try {
    return Line.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** Durable appends to and whole rewrites of one file of JSON lines. */
function createLineFile(path: string) {
  let handle: FileHandle | undefined;
  /** A failed append may have left a part of a line, which must not swallow the next one. */
  let isTorn = false;
  const close = async (): Promise<void> => {
    const closing = handle;
    handle = undefined;
    await closing?.close();
  };
  const textOf = (lines: readonly object[]): string =>
    lines.map((line) => `${JSON.stringify(line)}\n`).join("");

  return {
    append: async (lines: readonly object[]): Promise<void> => {
      try {
        if (handle === undefined) {
          handle = await open(path, "a", 0o600);
          await syncFolder(dirname(path));
        }
        await handle.appendFile((isTorn ? "\n" : "") + textOf(lines));
        await handle.datasync();
        isTorn = false;
      } catch (cause) {
        isTorn = true;
        await close();
        const reason = systemCode(cause);
        const code = reason === "ENOSPC" ? "disk-full" : "file-failed";
        throw new AgentError(code, { path, doing: "append", reason }, { cause });
      }
    },
    rewrite: async (lines: readonly object[]): Promise<void> => {
      await close();
      await writeFileDurably(path, textOf(lines));
      isTorn = false;
    },
    close,
  };
}
