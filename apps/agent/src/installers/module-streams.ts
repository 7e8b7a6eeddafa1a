import { close, constants, open } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import {
  describeEnd,
  endWithin,
  runProcess,
  startProcess,
  type ProcessLimits,
  type ProcessRun,
  type ProcessSpec,
} from "../platform/process-group.ts";
import { systemCode } from "../storage/durable-file.ts";
import { InstallError } from "./install-error.ts";
import type { IncomingFile } from "./installer.ts";
import { storeFiles } from "./store-files.ts";

export interface ModuleFeeding {
  readonly tree: string;
  /** DownloadWithFileSizes: each line of `stream-next` ends with the file's size. */
  readonly givesSizes: boolean;
  readonly limits: ProcessLimits;
  readonly signal: AbortSignal;
}

/**
 * Runs the Download state of an update module while it reads the payload.
 *
 * The module reads `stream-next` to get the name of the next stream, then that stream, and so on until `stream-next` is
 * empty. A module that never opens `stream-next` finds the payload in `files/` afterwards. One that begins and does not
 * read everything has failed. Returns why it failed; errors of the payload itself (a wrong digest) are thrown, after the
 * module was ended.
 */
export async function feedModule(
  spec: ProcessSpec,
  files: AsyncIterable<IncomingFile>,
  feeding: ModuleFeeding,
): Promise<string | undefined> {
  const { tree, limits, signal } = feeding;
  await makeStreams(tree, feeding);
  const group = startProcess(spec);
  const stopped = new AbortController();
  const running = endWithin(group, limits, AbortSignal.any([signal, stopped.signal]));
  const feed = new Feed(tree, running);
  try {
    const begins = await feed.isAsked();
    if (begins) await feed.all(files, feeding);
    const end = await running;
    signal.throwIfAborted();
    if (end.kind !== "exited" || end.exitCode !== 0) return describeEnd(end);
    if (begins) return undefined;
  } catch (cause) {
    stopped.abort();
    const end = await running;
    signal.throwIfAborted();
    if (!(cause instanceof ReaderGone)) throw cause;
    return hasFailedOtherwise(end) ? describeEnd(end) : "ended before it read all streams";
  } finally {
    await removeStreams(tree);
  }
  await storeFiles(files, tree, signal);
  return undefined;
}

/** A module that closed a stream too early may have been about to end by itself when it was asked to: SIGTERM is ours. */
const hasFailedOtherwise = (end: ProcessRun): boolean =>
  !(end.kind === "killed" && end.signal === "SIGTERM") &&
  !(end.kind === "exited" && end.exitCode === 0);

async function makeStreams(tree: string, { limits, signal }: ModuleFeeding): Promise<void> {
  await removeStreams(tree);
  await mkdir(join(tree, "streams"), { mode: 0o700 });
  await makeFifo(tree, "stream-next", limits, signal);
}

async function removeStreams(tree: string): Promise<void> {
  await rm(join(tree, "streams"), { recursive: true, force: true });
  await rm(join(tree, "stream-next"), { force: true });
}

/** Node has no call for it. */
async function makeFifo(
  tree: string,
  name: string,
  limits: ProcessLimits,
  signal: AbortSignal,
): Promise<void> {
  const complaints: string[] = [];
  const args = ["-m", "600", join(tree, name)];
  const onLine = (_: unknown, line: string): void => void complaints.push(line);
  const spec = { file: "mkfifo", args, cwd: tree, env: process.env, onLine };
  const end = await runProcess(spec, limits, signal);
  if (end.kind === "exited" && end.exitCode === 0) return;
  const detail = `mkfifo ${describeEnd(end)} ${complaints.join(" ")}`;
  throw new InstallError("install-failed", detail.trim());
}

/** The module ended, or closed a stream, before it had read everything. */
class ReaderGone extends Error {
  override readonly name = "ReaderGone";
}

/** How often a reader is looked for. A writer cannot wait for one without blocking a thread that nothing can free. */
const LOOK_AGAIN_MS_MIN = 2;
const LOOK_AGAIN_MS_MAX = 50;

class Feed {
  readonly #tree: string;
  #hasEnded = false;

  constructor(tree: string, running: Promise<unknown>) {
    this.#tree = tree;
    void running.then(() => (this.#hasEnded = true));
  }

  #asked: Socket | undefined;

  /** Waits until the module opens `stream-next` (true) or ends without it (false). */
  async isAsked(): Promise<boolean> {
    try {
      this.#asked = await this.#openWriter("stream-next");
      return true;
    } catch (cause) {
      if (cause instanceof ReaderGone) return false;
      throw cause;
    }
  }

  async all(
    files: AsyncIterable<IncomingFile>,
    { givesSizes, limits, signal }: ModuleFeeding,
  ): Promise<void> {
    let isFirst = true;
    for await (const { name, sizeBytes, content } of files) {
      const stream = `streams/${name}`;
      await makeFifo(this.#tree, stream, limits, signal);
      const line = givesSizes ? `${stream} ${sizeBytes}\n` : `${stream}\n`;
      const next = isFirst ? this.#takeAsked() : await this.#openWriter("stream-next");
      isFirst = false;
      await write(next, [Buffer.from(line)]);
      await write(await this.#openWriter(stream), content);
    }
    await this.#sayEnd(isFirst);
  }

  /** An empty read of `stream-next`. A module that knows what it got need not ask for it. */
  async #sayEnd(isFirst: boolean): Promise<void> {
    try {
      await write(isFirst ? this.#takeAsked() : await this.#openWriter("stream-next"), []);
    } catch (cause) {
      if (!(cause instanceof ReaderGone)) throw cause;
    }
  }

  #takeAsked(): Socket {
    if (this.#asked === undefined) throw new ReaderGone();
    return this.#asked;
  }

  async #openWriter(name: string): Promise<Socket> {
    for (let waitMs = LOOK_AGAIN_MS_MIN; ; waitMs = Math.min(waitMs * 2, LOOK_AGAIN_MS_MAX)) {
      const socket = await openFifo(join(this.#tree, name));
      if (socket !== undefined) return socket;
      if (this.#hasEnded) throw new ReaderGone();
      await sleep(waitMs);
    }
  }
}

/** Undefined while nobody has the fifo open for reading. */
async function openFifo(path: string): Promise<Socket | undefined> {
  let descriptor: number;
  try {
    descriptor = await promisify(open)(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if (systemCode(cause) === "ENXIO") return undefined;
    throw cause;
  }
  try {
    return new Socket({ fd: descriptor, readable: false, writable: true });
  } catch (cause) {
    await promisify(close)(descriptor);
    throw cause;
  }
}

/** Writes everything and closes; the reader sees the end of the file. */
async function write(
  socket: Socket,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  let gone = false;
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => {
      gone = true;
      resolve();
    });
    // EPIPE: told by "close" as well.
    socket.on("error", () => undefined);
  });
  try {
    for await (const chunk of content) {
      if (gone) throw new ReaderGone();
      if (!socket.write(chunk)) await Promise.race([closed, drained(socket)]);
    }
    if (gone) throw new ReaderGone();
    const finished = new Promise<boolean>((resolve) => socket.once("finish", () => resolve(true)));
    socket.end();
    if (!(await Promise.race([finished, closed.then(() => false)]))) throw new ReaderGone();
    await closed;
  } finally {
    socket.destroy();
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("drain", resolve));
}
