import { join } from "node:path";
import type { Ticker } from "@moult/agent-core";
import type { Log } from "@moult/base";
import { InstallError } from "../installers/install-error.ts";
import { describeEnd, runProcess } from "../platform/process-group.ts";
import { executablesIn } from "../storage/executables-in.ts";

/** By what a new system is judged. */
export interface SystemHealth {
  /** Executables, each of which ends with 0 when what it looks at is well. */
  readonly healthDir: string;
  /** Units of systemd that have to be active. */
  readonly units: readonly string[];
  /** One run of one check. */
  readonly timeoutMs: number;
  /** Between two rounds, while not all is well. */
  readonly intervalMs: number;
  /** All has to be well at once, within this. */
  readonly deadlineMs: number;
  readonly killAfterMs: number;
}

/**
 * Returns when all checks pass in one round; throws `health-check-failed`, with what the first one that did not said last,
 * when no round was like that in time. A system that has just started is given that time to come up.
 */
export async function checkSystemHealth(
  health: SystemHealth,
  ticker: Ticker,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const overAtMs = ticker.monotonicMs() + health.deadlineMs;
  for (let round = 1; ; round += 1) {
    const complaint = await firstComplaint(health, signal);
    if (complaint === undefined) {
      log.info("system-healthy", { round });
      return;
    }
    log.warn("system-not-healthy", { round, complaint });
    const leftMs = overAtMs - ticker.monotonicMs();
    if (leftMs <= 0)
      throw new InstallError(
        "health-check-failed",
        `the new system was not well within ${health.deadlineMs / 1_000} seconds: ${complaint}`,
      );
    await ticker.sleep(Math.min(health.intervalMs, leftMs), signal);
  }
}

async function firstComplaint(
  health: SystemHealth,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const unit of health.units) {
    const complaint = await complaintOf("systemctl", ["is-active", unit], unit, health, signal);
    if (complaint !== undefined) return complaint;
  }
  for (const name of await checksIn(health.healthDir)) {
    const file = join(health.healthDir, name);
    const complaint = await complaintOf(file, [], name, health, signal);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

async function checksIn(folder: string): Promise<readonly string[]> {
  try {
    return await executablesIn(folder);
  } catch (cause) {
    throw new InstallError("health-check-failed", `${folder} cannot be read`, { cause });
  }
}

const LINES_MAX = 5;

async function complaintOf(
  file: string,
  args: readonly string[],
  name: string,
  { timeoutMs, killAfterMs }: SystemHealth,
  signal: AbortSignal,
): Promise<string | undefined> {
  const lines: string[] = [];
  const spec = {
    file,
    args,
    cwd: "/",
    env: process.env,
    onLine: (_: string, line: string): void => {
      if (lines.length < LINES_MAX) lines.push(line);
    },
  };
  const end = await runProcess(spec, { timeoutMs, killAfterMs }, signal);
  if (end.kind === "exited" && end.exitCode === 0) return undefined;
  const said = lines.length === 0 ? "" : `, saying: ${lines.join(" | ")}`;
  return `${name} ${describeEnd(end)}${said}`;
}
