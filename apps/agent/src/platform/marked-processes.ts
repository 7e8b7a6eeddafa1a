import { readFile, readdir } from "node:fs/promises";
import { systemCode } from "../storage/durable-file.ts";

/**
 * Kills every process that was started with `name=value` in its environment, and whatever inherited it, except this one.
 *
 * An agent that was killed leaves its children behind. Before it goes on, they must be gone: an old installer would go on
 * writing into what is being rolled back, and an old application would hold the port of its successor. A mark in the
 * environment has no gap between starting a process and writing down that it was started.
 */
export async function killMarkedProcesses(name: string, value: string): Promise<number> {
  const mark = Buffer.from(`${name}=${value}\0`);
  let killed = 0;
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (!Number.isSafeInteger(pid) || pid === process.pid) continue;
    if (!(await isMarked(pid, mark))) continue;
    try {
      process.kill(pid, "SIGKILL");
      killed += 1;
    } catch {
      // It ended by itself.
    }
  }
  return killed;
}

async function isMarked(pid: number, mark: Buffer): Promise<boolean> {
  try {
    const environment = await readFile(`/proc/${pid}/environ`);
    const at = environment.indexOf(mark);
    return at === 0 || (at > 0 && environment[at - 1] === 0);
  } catch (cause) {
    // It ended, or it is another user's: none of ours either way.
    const code = systemCode(cause);
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES" || code === "EPERM")
      return false;
    throw cause;
  }
}
