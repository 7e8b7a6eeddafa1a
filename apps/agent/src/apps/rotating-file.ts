import { appendFileSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { systemCode } from "../storage/durable-file.ts";

/** Lines in a file that never grows beyond `bytesMax`, with one older file of the same size beside it. */
export interface RotatingFile {
  append(line: string): void;
}

/**
 * Output of an application is a help for people: when it cannot be written, because the disk is full, the application
 * runs on without it.
 */
export function createRotatingFile(path: string, bytesMax: number): RotatingFile {
  let sizeBytes: number | undefined;
  return {
    append: (line) => {
      const text = `${line}\n`;
      const lineBytes = Buffer.byteLength(text);
      try {
        sizeBytes ??= sizeOf(path);
        if (sizeBytes > 0 && sizeBytes + lineBytes > bytesMax) {
          renameSync(path, `${path}.1`);
          sizeBytes = 0;
        }
        appendFileSync(path, text, { mode: 0o640 });
        sizeBytes += lineBytes;
      } catch (cause) {
        if (systemCode(cause) === undefined) throw cause;
        sizeBytes = undefined;
      }
    },
  };
}

function sizeOf(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
