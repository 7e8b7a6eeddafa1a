import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { words } from "../../tools/local/moult-command.ts";
import { processorMs } from "../measure.ts";

export const CONNECTIONS = 32;
const SECONDS = 5;
const LOAD = fileURLToPath(new URL("./load.ts", import.meta.url));
const execute = promisify(execFile);

export interface Load {
  readonly perSecond: number;
  /** Answers by which the server said that it failed; they count for nothing else. */
  readonly failed: number;
  /** A hundredth of the answers took this long or longer, over all connections at once. */
  readonly p99Ms: number;
  /** Answers for each second of processor time of each process. */
  readonly perCore: readonly number[];
}

/** A few seconds of requests from another process, and the processor time that the answering processes spent on them. */
export async function runLoad(
  port: number,
  pids: readonly number[],
  requestsFile: string,
  status = 204,
  mayFail = false,
): Promise<Load> {
  const before = pids.map((pid) => processorMs(pid));
  const { stdout } = await execute(process.execPath, [
    LOAD,
    ...words`--port ${String(port)} --requests ${requestsFile} --status ${String(status)}`,
    ...words`--connections ${String(CONNECTIONS)} --seconds ${String(SECONDS)}`,
  ]);
  const { answered, failed, p99Ms } = JSON.parse(stdout) as Record<
    "answered" | "failed" | "p99Ms",
    number
  >;
  if (failed > 0 && !mayFail) throw new Error(`the server failed ${failed} times`);
  return {
    p99Ms,
    failed,
    perSecond: answered / SECONDS,
    perCore: pids.map(
      (pid, index) => (answered / (processorMs(pid) - (before[index] ?? 0))) * 1_000,
    ),
  };
}
