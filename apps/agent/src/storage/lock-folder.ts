import { link, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { AgentError } from "../agent-error.ts";
import { makeFolder, systemCode } from "./durable-file.ts";

/** A process, so that its successor under the same number is told apart, also after a reboot. */
const Holder = z.object({
  pid: z.int().min(1),
  /** Clock ticks between boot and the process's start: `/proc/<pid>/stat`, field 22 (proc(5)). */
  startTicks: z.string(),
  bootId: z.string(),
});
type Holder = z.infer<typeof Holder>;

export interface FolderLock {
  release(): Promise<void>;
}

const PREFIX = "agent.lock.";

/**
 * Makes this process the only agent on `folder`, or fails with `folder-in-use`.
 *
 * Node has no flock. Lock files are numbered; the holder is the living process that the highest number names. A process
 * takes the lock by creating the next number, which `link` does for one of any number of rivals, with its content complete.
 * Only a holder deletes, and only numbers below its own, so numbers never come back; a rival that was asleep while its number
 * went by sees a higher one when it looks again and gives way. A holder that was killed is no longer alive, so nothing
 * has to be cleaned up after it. Nothing here can be held by another user, as a lock in a shared name space could.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  await makeFolder(folder);
  const own = await holderOf(process.pid);
  const draft = join(folder, `.agent.lock-${process.pid}`);
  try {
    await writeFile(draft, JSON.stringify(own), { mode: 0o600 });
    for (;;) {
      const number = await takeNext(folder, draft);
      if (number === undefined) continue;
      await removeBelow(folder, number);
      const path = join(folder, `${PREFIX}${number}`);
      // The file stays: it names a process that is gone. A deleted number could be created again by a slow rival.
      return { release: () => writeFile(path, "{}") };
    }
  } catch (cause) {
    if (cause instanceof AgentError) throw cause;
    const reason = systemCode(cause) ?? "unknown";
    throw new AgentError("file-failed", { path: folder, doing: "lock", reason }, { cause });
  } finally {
    await rm(draft, { force: true });
  }
}

/** The number this process now holds; undefined when a rival was quicker and everything has to be looked at again. */
async function takeNext(folder: string, draft: string): Promise<number | undefined> {
  const highest = (await lockNumbers(folder)).at(-1) ?? 0;
  const holder = highest === 0 ? undefined : await readHolder(folder, highest);
  if (holder !== undefined && (await isAlive(holder)))
    throw new AgentError("folder-in-use", { folder, pid: holder.pid });

  const number = highest + 1;
  const path = join(folder, `${PREFIX}${number}`);
  try {
    await link(draft, path);
  } catch (cause) {
    if (systemCode(cause) === "EEXIST") return undefined;
    throw cause;
  }
  if ((await lockNumbers(folder)).at(-1) === number) return number;
  await rm(path, { force: true });
  return undefined;
}

async function removeBelow(folder: string, number: number): Promise<void> {
  for (const lower of await lockNumbers(folder))
    if (lower < number) await rm(join(folder, `${PREFIX}${lower}`), { force: true });
}

async function lockNumbers(folder: string): Promise<readonly number[]> {
  const numbers: number[] = [];
  for (const name of await readdir(folder)) {
    const number = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length)) : Number.NaN;
    if (Number.isSafeInteger(number) && number > 0) numbers.push(number);
  }
  return numbers.toSorted((left, right) => left - right);
}

/** Undefined when the file names nobody: a power cut may have left it without its content. */
async function readHolder(folder: string, number: number): Promise<Holder | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, `${PREFIX}${number}`), "utf8");
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return undefined;
    throw cause;
  }
  try {
    return Holder.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The process that holds the lock of `folder` now, for those that only want to know. */
export async function lockHolder(folder: string): Promise<number | undefined> {
  try {
    const highest = (await lockNumbers(folder)).at(-1);
    if (highest === undefined) return undefined;
    const holder = await readHolder(folder, highest);
    return holder !== undefined && (await isAlive(holder)) ? holder.pid : undefined;
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return undefined;
    throw cause;
  }
}

async function isAlive(holder: Holder): Promise<boolean> {
  try {
    const now = await holderOf(holder.pid);
    return now.startTicks === holder.startTicks && now.bootId === holder.bootId;
  } catch (cause) {
    // ESRCH: the process ended between opening and reading its file.
    const code = systemCode(cause);
    if (code === "ENOENT" || code === "ESRCH") return false;
    throw cause;
  }
}

async function holderOf(pid: number): Promise<Holder> {
  const [stat, bootId] = await Promise.all([
    readFile(`/proc/${pid}/stat`, "utf8"),
    readFile("/proc/sys/kernel/random/boot_id", "utf8"),
  ]);
  // The command name, field 2, is in parentheses and may hold spaces and parentheses itself.
  const afterName = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // A zombie ended and waits for its parent to notice; it holds nothing.
  const hasEnded = afterName[0] === "Z" || afterName[0] === "X";
  return { pid, startTicks: hasEnded ? "ended" : (afterName[19] ?? ""), bootId: bootId.trim() };
}
