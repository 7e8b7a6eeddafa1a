import { readFile, realpath } from "node:fs/promises";
import { dirname } from "node:path";
import type { Log } from "@moult/base";
import { runProgram } from "../platform/run-program.ts";
import { AgentError } from "../agent-error.ts";
import { systemCode } from "./durable-file.ts";

// What outlives every system (the device's key, the server that it was moved to, the second copy of the security counter) lies
// in a partition that is mounted read-only: what is not written cannot be torn by a power cut. It is writable for as long as
// one write takes.

/** What tells where file systems are mounted, and how that is changed; another one in tests. */
interface Mounts {
  /** In the form of proc(5), "/proc/pid/mountinfo". */
  readonly read: () => Promise<string>;
  /** Throws when the options cannot be changed. */
  readonly remount: (mountPoint: string, option: "ro" | "rw") => Promise<void>;
}

const REMOUNT_TIMEOUT_MS = 30_000;

const systemMounts: Mounts = {
  read: () => readFile("/proc/self/mountinfo", "utf8"),
  remount: async (mountPoint, option) => {
    const result = await runProgram(
      "mount",
      ["-o", `remount,${option}`, mountPoint],
      REMOUNT_TIMEOUT_MS,
    );
    const reason = result.kind === "failed" ? result.reason : `mount ended with ${result.exitCode}`;
    if (result.kind === "failed" || result.exitCode !== 0)
      throw new AgentError("file-failed", { path: mountPoint, doing: `remount ${option}`, reason });
  },
};

interface KeptOptions {
  /** Is told when the partition stays writable. */
  readonly log?: Pick<Log, "error"> | undefined;
  readonly mounts?: Mounts;
}

/** Mounts are the machine's and not an object's: two writes to one partition must not end each other's. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs `write`, which changes files in `folder`. Where the folder lies in a partition of its own that is mounted read-only, the
 * partition is writable until `write` has ended. A read-only `/` is left as it is: nothing that has to stay belongs there.
 */
export function whileWritable<Result>(
  folder: string,
  write: () => Promise<Result>,
  { log, mounts = systemMounts }: KeptOptions = {},
): Promise<Result> {
  const done = last.then(() => writable(folder, write, mounts, log));
  last = done.catch(() => undefined);
  return done;
}

async function writable<Result>(
  folder: string,
  write: () => Promise<Result>,
  mounts: Mounts,
  log: Pick<Log, "error"> | undefined,
): Promise<Result> {
  const mountPoint = await readOnlyMountOf(folder, mounts);
  if (mountPoint === undefined) return write();
  await mounts.remount(mountPoint, "rw");
  try {
    return await write();
  } finally {
    // What was written is durable, and stays so, also where the mount stays writable until the next start.
    await mounts.remount(mountPoint, "ro").catch((error: unknown) => {
      log?.error("kept-place-left-writable", { mountPoint, error });
    });
  }
}

/** The mount that holds `folder`, or would; undefined when that is writable, or `/`. */
async function readOnlyMountOf(folder: string, mounts: Mounts): Promise<string | undefined> {
  const place = await existingPart(folder);
  // The last mount of a place hides those before it.
  const holding = parseMounts(await mounts.read())
    .filter(({ point }) => place === point || place.startsWith(point === "/" ? "/" : `${point}/`))
    .reduce<Mount | undefined>(
      (found, mount) => (mount.point.length >= (found?.point.length ?? 0) ? mount : found),
      undefined,
    );
  return holding === undefined || holding.point === "/" || !holding.isReadOnly
    ? undefined
    : holding.point;
}

async function existingPart(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    if (systemCode(cause) !== "ENOENT") throw cause;
    return existingPart(dirname(path));
  }
}

interface Mount {
  readonly point: string;
  readonly isReadOnly: boolean;
}

function parseMounts(mountInfo: string): readonly Mount[] {
  return mountInfo.split("\n").flatMap((line) => {
    const [, , , , point, options] = line.split(" ");
    if (point === undefined || options === undefined) return [];
    return [{ point: unescaped(point), isReadOnly: options.split(",").includes("ro") }];
  });
}

/** Space, tab, line feed and backslash are written as octal numbers there. */
const unescaped = (point: string): string =>
  point.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCodePoint(Number.parseInt(digits, 8)),
  );
