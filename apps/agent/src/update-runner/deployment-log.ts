import { appendFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock, Log } from "@moult/base";
import { LOG_BYTES_MAX } from "@moult/device-protocol";
import { createLog } from "../platform/log.ts";
import { systemCode } from "../storage/durable-file.ts";

/** Logs of earlier updates that stay on the device for whoever looks for them there. */
const LOGS_KEPT = 5;

const SUFFIX = ".log";

/** Where the log of one update is. */
export function deploymentLogFile(dataDir: string, updateId: string): string {
  return join(dataDir, "logs", updateId + SUFFIX);
}

/**
 * The log of one update: JSON lines in a file of at most `LOG_BYTES_MAX`. When it is full its older half goes, because the
 * end says why an update failed. A log that cannot be written, on a full disk, does not stop the update.
 */
export function openDeploymentLog(file: string, clock: Clock): Log {
  let sizeBytes: number | undefined;
  const append = (line: string): void => {
    const text = `${line}\n`;
    try {
      sizeBytes ??= sizeOf(file);
      if (sizeBytes + Buffer.byteLength(text) > LOG_BYTES_MAX) sizeBytes = halve(file);
      appendFileSync(file, text, { mode: 0o600 });
      sizeBytes += Buffer.byteLength(text);
    } catch (cause) {
      if (systemCode(cause) === undefined) throw cause;
      sizeBytes = undefined;
    }
  };
  return createLog(append, "debug", () => clock.now());
}

function sizeOf(file: string): number {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function halve(file: string): number {
  const content = readFileSync(file);
  const half = content.subarray(content.length - Math.floor(LOG_BYTES_MAX / 2));
  const whole = half.subarray(half.indexOf(0x0a) + 1);
  writeFileSync(file, whole);
  return whole.length;
}

/** Removes all but the newest logs. */
export async function pruneDeploymentLogs(dataDir: string): Promise<void> {
  const folder = join(dataDir, "logs");
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return;
    throw cause;
  }
  const aged = await Promise.all(
    names
      .filter((name) => name.endsWith(SUFFIX))
      .map(async (name) => ({ name, writtenMs: (await stat(join(folder, name))).mtimeMs })),
  );
  const old = aged.toSorted((left, right) => right.writtenMs - left.writtenMs).slice(LOGS_KEPT);
  for (const { name } of old) await rm(join(folder, name), { force: true });
}
