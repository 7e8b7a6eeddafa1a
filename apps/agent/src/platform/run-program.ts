import { spawn } from "node:child_process";

export type ProgramResult =
  | { readonly kind: "exited"; readonly exitCode: number; readonly stdout: string }
  | { readonly kind: "failed"; readonly reason: string };

/** What a script that reports facts may print; more than this is a script gone wrong. */
const OUTPUT_BYTES_MAX = 256 * 1024;

/**
 * Runs a short program for what it prints. It is ended, with everything it started, when it takes too long, prints too
 * much, or is aborted. Its error output goes to the agent's own, for the journal.
 */
export function runProgram(
  file: string,
  args: readonly string[],
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    // A process group of its own, so that a script's children end with it.
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"], detached: true });
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    let reason: string | undefined;
    const end = (why: string): void => {
      reason ??= why;
      killGroup(child.pid);
      // What left the group may still hold the pipe.
      child.stdout.destroy();
    };
    const cancel = (): void => end("was cancelled");
    if (signal?.aborted === true) cancel();
    else signal?.addEventListener("abort", cancel, { once: true });
    const timer = setTimeout(() => end(`took longer than ${timeoutMs} ms`), timeoutMs);
    child.stdout.on("data", (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > OUTPUT_BYTES_MAX) end(`printed more than ${OUTPUT_BYTES_MAX} bytes`);
      else chunks.push(chunk);
    });
    child.once("error", (error) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
      resolve({ kind: "failed", reason: error.message });
    });
    child.once("close", (exitCode, endedBy) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
      if (reason === undefined && exitCode !== null)
        resolve({ kind: "exited", exitCode, stdout: Buffer.concat(chunks).toString("utf8") });
      else resolve({ kind: "failed", reason: reason ?? `ended by ${endedBy ?? "a signal"}` });
    });
  });
}

/** The `key=value` lines of a program's output, in order; Mender's identity and inventory scripts print the same. */
export function keyValueLines(text: string): readonly (readonly [name: string, value: string])[] {
  return text.split("\n").flatMap((line) => {
    const at = line.indexOf("=");
    return at <= 0 ? [] : [[line.slice(0, at).trim(), line.slice(at + 1).trim()] as const];
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended by itself in the meantime.
  }
}
