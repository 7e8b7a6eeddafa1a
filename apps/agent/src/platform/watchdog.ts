import { constants, open, readFile, type FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import type { Log } from "@moult/base";

export interface Watchdog {
  /** The machine may go on without the agent. What ends the agent in any other way leaves the watchdog to bite. */
  release(): Promise<void>;
}

/** The kernel's first one, by its old name (Documentation/watchdog/watchdog-api.rst). */
const FIRST = { old: "watchdog", name: "watchdog0" } as const;

/**
 * Tells the machine's watchdog at intervals that the agent lives: when its event loop hangs, or it dies and nobody starts it
 * again in time, the machine is restarted, and a system on trial has one start less. A watchdog that cannot be had keeps no
 * agent from its work.
 */
export async function startWatchdog(
  device: string,
  intervalMsMax: number,
  log: Log,
): Promise<Watchdog> {
  let file: FileHandle;
  try {
    file = await open(device, constants.O_WRONLY);
  } catch (error) {
    log.error("watchdog-unavailable", { device, error });
    return { release: () => Promise.resolve() };
  }
  const timeoutMs = await timeoutOf(device);
  const intervalMs = Math.min(intervalMsMax, Math.floor(timeoutMs / 3));
  log.info("watchdog-started", { device, timeoutMs, intervalMs });
  let isWriting = false;
  const pet = (): void => {
    if (isWriting) return;
    isWriting = true;
    file
      .write("\0")
      .catch((error: unknown) => log.error("watchdog-not-reached", { device, error }))
      .finally(() => {
        isWriting = false;
      });
  };
  pet();
  // It keeps no agent alive that has ended.
  const timer = setInterval(pet, intervalMs).unref();
  return {
    release: async () => {
      clearInterval(timer);
      try {
        // The magic close: without this letter the kernel takes the end of the writer for its death.
        await file.write("V");
      } finally {
        await file.close();
      }
      log.info("watchdog-released", { device });
    },
  };
}

/** How long the watchdog waits; without the kernel's word as short as any does by default. */
async function timeoutOf(device: string): Promise<number> {
  const name = basename(device) === FIRST.old ? FIRST.name : basename(device);
  try {
    const seconds = Number(await readFile(`/sys/class/watchdog/${name}/timeout`, "utf8"));
    if (Number.isFinite(seconds) && seconds > 0) return seconds * 1_000;
  } catch {
    // A kernel without CONFIG_WATCHDOG_SYSFS.
  }
  return TIMEOUT_MS_UNKNOWN;
}

const TIMEOUT_MS_UNKNOWN = 30_000;
