import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const CONTROLLER = "/sys/fs/cgroup/blkio";

/**
 * Lets this process and what it starts read and write no faster than this from the disk that `folder` is on. False, without `use`,
 * where only the machine's own speed can be had: not as root, or without the kernel's controller of that.
 */
export async function withSlowMedium(
  folder: string,
  bytesPerSecond: number,
  use: () => Promise<void>,
): Promise<boolean> {
  const group = join(CONTROLLER, `moult-bench-${process.pid}`);
  const disk = diskOf(folder);
  if (disk === undefined || process.getuid?.() !== 0 || !existsSync(CONTROLLER)) return false;
  const [, before = "/"] =
    /^\d+:blkio:(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8")) ?? [];
  const move = (to: string): void => writeFileSync(join(to, "cgroup.procs"), String(process.pid));
  mkdirSync(group);
  try {
    for (const way of ["read", "write"])
      writeFileSync(join(group, `blkio.throttle.${way}_bps_device`), `${disk} ${bytesPerSecond}`);
    move(group);
    await use();
    return true;
  } finally {
    move(join(CONTROLLER, before));
    rmdirSync(group);
  }
}

/** MAJOR:MINOR of the whole disk: partitions have no speed of their own. */
function diskOf(folder: string): string | undefined {
  const { dev } = statSync(folder);
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)];
  const inSystem = `/sys/dev/block/${major}:${minor}`;
  if (!existsSync(inSystem)) return undefined;
  if (!existsSync(join(inSystem, "partition"))) return `${major}:${minor}`;
  return readFileSync(join(inSystem, "../dev"), "utf8").trim();
}
