import { access, constants, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "@moult/base";
import { InstallError } from "../installers/install-error.ts";
import { describeEnd, runProcess } from "../platform/process-group.ts";
import { systemCode } from "../storage/durable-file.ts";
import type { Ticker } from "@moult/agent-core";
import type { UpdateLimits } from "../update-runner/update-runner.ts";

// State scripts as Mender runs them: `<State>_<Enter|Leave|Error>_<NN>[_description]`, in the order of their names, without
// arguments. Exit code 0 is yes, 21 asks to be run again later, anything else is no.

/** Scripts of these states are the device's own; those of all others come with the artifact. */
type RootfsState = "Idle" | "Sync" | "Download";

export type ScriptState =
  | RootfsState
  | "ArtifactInstall"
  | "ArtifactReboot"
  | "ArtifactCommit"
  | "ArtifactRollback"
  | "ArtifactRollbackReboot"
  | "ArtifactFailure";

type ScriptAction = "Enter" | "Leave" | "Error";

const RETRY_EXIT_CODE = 21;

/** Versions of the script protocol, which did not change between the two. */
const VERSIONS: readonly string[] = ["2", "3"];

/** What one script may write into the log (Mender's bound). */
const OUTPUT_BYTES_MAX = 10 * 1024;

export interface StateScriptsDeps {
  /** Unpacked from the artifact, for the time of its update. */
  readonly scriptsDir: string;
  readonly rootfsScriptsDir: string;
  readonly limits: UpdateLimits;
  readonly ticker: Ticker;
  /** What the scripts find in their environment. */
  readonly environment: () => NodeJS.ProcessEnv;
}

export interface StateScripts {
  /**
   * Runs the scripts of one state. Throws `script-failed` or `script-timed-out` at the first that says no, unless it is a
   * state whose errors cannot change anything any more: then the rest still runs.
   */
  run(state: ScriptState, action: ScriptAction, log: Log, signal: AbortSignal): Promise<void>;
}

export function createStateScripts(deps: StateScriptsDeps): StateScripts {
  return {
    run: async (state, action, log, signal) => {
      const folder = isRootfsState(state) ? deps.rootfsScriptsDir : deps.scriptsDir;
      const isForgiving = forgives(state, action);
      for (const name of await scriptsIn(folder, state, action)) {
        signal.throwIfAborted();
        try {
          await runScript(deps, folder, name, log, signal);
        } catch (cause) {
          signal.throwIfAborted();
          if (!isForgiving || !(cause instanceof InstallError)) throw cause;
          log.warn("state-script-ignored", { script: name, reason: cause.detail });
        }
      }
    },
  };
}

function isRootfsState(state: ScriptState): state is RootfsState {
  return state === "Idle" || state === "Sync" || state === "Download";
}

/** Where there is nothing left to fall back to, an error is logged and no more. */
function forgives(state: ScriptState, action: ScriptAction): boolean {
  if (action === "Error") return true;
  return (
    state === "Idle" ||
    state === "ArtifactRollback" ||
    state === "ArtifactRollbackReboot" ||
    state === "ArtifactFailure"
  );
}

async function scriptsIn(
  folder: string,
  state: ScriptState,
  action: ScriptAction,
): Promise<readonly string[]> {
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return [];
    throw cause;
  }
  const pattern = new RegExp(`^${state}_${action}_[0-9][0-9](?:_.*)?$`);
  const wanted = names.filter((name) => pattern.test(name)).toSorted();
  if (wanted.length > 0) await checkVersion(folder);
  return wanted;
}

async function checkVersion(folder: string): Promise<void> {
  let text: string;
  try {
    text = await readFile(join(folder, "version"), "utf8");
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return;
    throw cause;
  }
  if (VERSIONS.includes(text.trim())) return;
  const detail = `${folder}/version says "${text.trim().slice(0, 20)}"; this agent runs state scripts of version 2 and 3`;
  throw new InstallError("script-failed", detail);
}

async function runScript(
  deps: StateScriptsDeps,
  folder: string,
  name: string,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const file = join(folder, name);
  if (!(await isExecutable(file)))
    throw new InstallError("script-failed", `state script ${name} is not executable`);

  const { ticker, limits } = deps;
  let firstRetryMs: number | undefined;
  for (;;) {
    const end = await runProcess(processSpec(deps, folder, name, log), timesOf(limits), signal);
    if (end.kind === "exited" && end.exitCode === 0) return;
    if (end.kind === "timed-out")
      throw new InstallError("script-timed-out", `state script ${name} ${describeEnd(end)}`);
    if (end.kind !== "exited" || end.exitCode !== RETRY_EXIT_CODE)
      throw new InstallError("script-failed", `state script ${name} ${describeEnd(end)}`);

    firstRetryMs ??= ticker.monotonicMs();
    const waitedMs = ticker.monotonicMs() - firstRetryMs;
    if (waitedMs + limits.scriptRetryIntervalMs > limits.scriptRetryTimeoutMs) {
      const seconds = limits.scriptRetryTimeoutMs / 1_000;
      const detail = `state script ${name} asked to be retried for more than ${seconds} seconds`;
      throw new InstallError("script-timed-out", detail);
    }
    log.info("state-script-retries-later", { script: name, waitedMs });
    await ticker.sleep(limits.scriptRetryIntervalMs, signal);
  }
}

function processSpec(deps: StateScriptsDeps, folder: string, name: string, log: Log) {
  let leftBytes = OUTPUT_BYTES_MAX;
  return {
    file: join(folder, name),
    args: [],
    cwd: folder,
    env: deps.environment(),
    // Standard output is for the script itself, as with Mender.
    onLine: (stream: "stdout" | "stderr", line: string) => {
      if (stream === "stdout" || leftBytes <= 0) return;
      leftBytes -= line.length + 1;
      log.info("state-script-output", { script: name, line });
    },
  };
}

function timesOf(limits: UpdateLimits): { timeoutMs: number; killAfterMs: number } {
  return { timeoutMs: limits.scriptTimeoutMs, killAfterMs: limits.killAfterMs };
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch (cause) {
    const code = systemCode(cause);
    if (code === "EACCES" || code === "ENOENT") return false;
    throw cause;
  }
}
