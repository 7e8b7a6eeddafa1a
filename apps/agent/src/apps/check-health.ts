import { InstallError } from "../installers/install-error.ts";
import { describeEnd, runProcess } from "../platform/process-group.ts";
import type { Ticker } from "@moult/agent-core";
import type { HealthCheck } from "./app-meta-data.ts";

/** What a check needs to know of the application that it checks. */
export interface CheckedApp {
  readonly name: string;
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Why it can no longer be healthy (its process ended), or undefined. */
  readonly obstacle: () => string | undefined;
}

/** One answer may take this long; the whole check has a time of its own. */
const ANSWER_MS_MAX = 5_000;

/** Returns when the application is well; throws `health-check-failed`, with the last reason, when it is not in time. */
export async function checkHealth(
  check: HealthCheck,
  app: CheckedApp,
  ticker: Ticker,
  signal: AbortSignal,
): Promise<void> {
  const isAlive = check.kind === "alive";
  const timeoutMs = (isAlive ? check.seconds : check.timeoutSeconds) * 1_000;
  const intervalMs = isAlive ? Math.min(100, timeoutMs) : check.intervalSeconds * 1_000;
  const deadlineMs = ticker.monotonicMs() + timeoutMs;
  for (;;) {
    const reason = isAlive ? undefined : await complaint(check, app, signal);
    const obstacle = app.obstacle();
    if (obstacle !== undefined) throw unhealthy(app, obstacle);
    const leftMs = deadlineMs - ticker.monotonicMs();
    if (!isAlive && reason === undefined) return;
    if (leftMs <= 0) {
      if (reason === undefined) return;
      throw unhealthy(app, `was not healthy within ${timeoutMs / 1_000} seconds: ${reason}`);
    }
    await ticker.sleep(Math.min(intervalMs, leftMs), signal);
  }
}

function unhealthy(app: CheckedApp, what: string): InstallError {
  return new InstallError("health-check-failed", `${app.name} ${what}`);
}

function complaint(
  check: Exclude<HealthCheck, { kind: "alive" }>,
  app: CheckedApp,
  signal: AbortSignal,
): Promise<string | undefined> {
  return check.kind === "http"
    ? httpComplaint(check, app, signal)
    : commandComplaint(check, app, signal);
}

async function httpComplaint(
  check: Extract<HealthCheck, { kind: "http" }>,
  app: CheckedApp,
  signal: AbortSignal,
): Promise<string | undefined> {
  const url = expand(check.url, app.environment);
  if (!URL.canParse(url)) return `${url} is no URL`;
  try {
    const response = await fetch(url, {
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]),
    });
    await response.body?.cancel();
    if (response.status === check.status) return undefined;
    return `${url} answers ${response.status} instead of ${check.status}`;
  } catch (cause) {
    signal.throwIfAborted();
    return `${url} does not answer (${reasonOf(cause)})`;
  }
}

async function commandComplaint(
  check: Extract<HealthCheck, { kind: "command" }>,
  app: CheckedApp,
  signal: AbortSignal,
): Promise<string | undefined> {
  const [file = "", ...args] = check.command;
  const lines: string[] = [];
  const end = await runProcess(
    {
      file,
      args,
      cwd: app.folder,
      env: app.environment,
      onLine: (_, line) => {
        if (lines.length < 5) lines.push(line);
      },
    },
    { timeoutMs: ANSWER_MS_MAX, killAfterMs: 500 },
    signal,
  );
  if (end.kind === "exited" && end.exitCode === 0) return undefined;
  const said = lines.length === 0 ? "" : `, saying: ${lines.join(" | ")}`;
  return `${file} ${describeEnd(end)}${said}`;
}

/** `${NAME}` by the environment; what is not set stays as it is, so that the error shows it. */
function expand(text: string, environment: NodeJS.ProcessEnv): string {
  return text.replaceAll(
    /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g,
    (whole, name: string) => environment[name] ?? whole,
  );
}

function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return inner instanceof Error ? inner.message : String(inner);
}
