import { open } from "node:fs/promises";
import { AgentError } from "../agent-error.ts";
import { systemCode } from "../storage/durable-file.ts";

/**
 * A log's text within `bytesMax`: all of it, or its beginning and its end with a line between that says how much is left
 * out. Undefined when there is no such file.
 */
export async function readLogEnds(path: string, bytesMax: number): Promise<Buffer | undefined> {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      const read = async (start: number, length: number): Promise<Buffer> => {
        const buffer = Buffer.alloc(length);
        const { bytesRead } = await file.read(buffer, 0, length, start);
        return buffer.subarray(0, bytesRead);
      };
      if (size <= bytesMax) return await read(0, size);

      const room = bytesMax - MARK_BYTES_MAX;
      const headBytes = Math.floor(room / 2);
      const head = wholeLines(await read(0, headBytes), "end");
      const tail = wholeLines(await read(size - (room - headBytes), room - headBytes), "start");
      const mark = `... ${size - head.length - tail.length} bytes left out ...\n`;
      return Buffer.concat([head, Buffer.from(mark), tail]);
    } finally {
      await file.close();
    }
  } catch (cause) {
    const reason = systemCode(cause);
    if (reason === "ENOENT") return undefined;
    throw new AgentError("file-failed", { path, doing: "read", reason }, { cause });
  }
}

const MARK_BYTES_MAX = 64;
const NEWLINE = 10;

/** Cuts the broken line at one end, so that no character is torn either; a text without lines stays as it is. */
function wholeLines(text: Buffer, broken: "start" | "end"): Buffer {
  const at = broken === "start" ? text.indexOf(NEWLINE) : text.lastIndexOf(NEWLINE);
  if (at === -1) return text;
  return broken === "start" ? text.subarray(at + 1) : text.subarray(0, at + 1);
}
