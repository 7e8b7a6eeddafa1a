import { writeFile } from "node:fs/promises";
import type { Log } from "@moult/base";

/** So that what is read next was read from the disk (proc(5), "/proc/sys/vm/drop_caches"). */
export async function dropPageCache(log: Log): Promise<void> {
  try {
    await writeFile("/proc/sys/vm/drop_caches", "1\n");
  } catch (error) {
    // Containers may not, and have no disk of their own to doubt.
    log.warn("page-cache-not-dropped", { error });
  }
}
