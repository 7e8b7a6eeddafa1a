import { textFromUtf8, utf8 } from "@moult/base";
import { writeDurably, type Files } from "@moult/agent-core";
import type { ServerReport } from "./simulated-server.ts";

/** One try of an assignment. */
interface Attempt {
  readonly assignmentId: string;
  readonly attempt: number;
}

interface Entry extends Attempt {
  readonly report: ServerReport;
}

interface Stored {
  readonly entries: readonly Entry[];
  readonly newest: (Attempt & { readonly sequence: number }) | null;
  readonly finished: Entry | null;
}

/** What is still to be told to the server; kept like the agent's own queue, whose rules about numbers these are. */
export interface Reports {
  /** Part of the queue, and durable, when it returns; does nothing for a number that was given already. */
  add(attempt: Attempt, report: ServerReport): Promise<void>;
  /** Says an end again, under a new number, to a server that still offers what had ended. */
  repeatFinished(attempt: Attempt): Promise<boolean>;
  /** The oldest of one attempt. */
  head(): readonly Entry[];
  settle(entries: readonly Entry[]): Promise<void>;
  readonly length: number;
  /** Resolves when there is something in it. */
  filled(): Promise<void>;
}

const FILE = "reports";
const NOTHING: Stored = { entries: [], newest: null, finished: null };

export async function openReports(files: Files): Promise<Reports> {
  let stored = await load(files);
  let last: Promise<unknown> = Promise.resolve();
  const waiting: (() => void)[] = [];
  /** One change at a time, on the disk and then in memory. */
  const change = <Result>(run: () => Promise<Result>): Promise<Result> => {
    const done = last.then(run, run);
    last = done.catch(() => undefined);
    return done;
  };
  const become = async (next: Stored): Promise<void> => {
    await save(files, next);
    stored = next;
    for (const wake of waiting.splice(0)) wake();
  };
  const append = ({ assignmentId, attempt }: Attempt, report: ServerReport): Promise<void> => {
    const entry: Entry = { assignmentId, attempt, report };
    return become({
      entries: [...stored.entries, entry],
      newest: { assignmentId, attempt, sequence: report.sequence },
      finished: report.kind === "finished" ? entry : stored.finished,
    });
  };
  return {
    add: (attempt, report) =>
      change(async () => {
        const { newest, finished } = stored;
        if (newest === null || !isSame(newest, attempt) || report.sequence > newest.sequence)
          return append(attempt, report);
        // An older agent that came back counts on from where it was left; how it ended must not go under for that.
        const isUntoldEnd =
          report.kind === "finished" && (finished === null || !isSame(finished, attempt));
        if (isUntoldEnd) await append(attempt, { ...report, sequence: newest.sequence + 1 });
      }),
    repeatFinished: (attempt) =>
      change(async () => {
        const { newest, finished } = stored;
        if (newest === null || finished === null || !isSame(finished, attempt)) return false;
        if (stored.entries.some((entry) => isSame(entry, attempt))) return true;
        await append(attempt, { ...finished.report, sequence: newest.sequence + 1 });
        return true;
      }),
    head: () => {
      const [first] = stored.entries;
      return first === undefined ? [] : stored.entries.filter((entry) => isSame(entry, first));
    },
    settle: (settled) =>
      change(async () => {
        const entries = stored.entries.filter((entry) => !settled.includes(entry));
        if (entries.length < stored.entries.length) await become({ ...stored, entries });
      }),
    get length() {
      return stored.entries.length;
    },
    filled: async () => {
      if (stored.entries.length === 0) await new Promise<void>((wake) => waiting.push(wake));
    },
  };
}

const isSame = (left: Attempt, right: Attempt): boolean =>
  left.assignmentId === right.assignmentId && left.attempt === right.attempt;

async function load(files: Files): Promise<Stored> {
  const bytes = await files.read(FILE).catch(() => undefined);
  if (bytes === undefined) return NOTHING;
  try {
    // Written by `save` alone; what a lying disk made of it counts as nothing.
    return JSON.parse(textFromUtf8(bytes) ?? "") as Stored;
  } catch {
    return NOTHING;
  }
}

async function save(files: Files, stored: Stored): Promise<void> {
  await writeDurably(files, FILE, utf8(JSON.stringify(stored)));
}
