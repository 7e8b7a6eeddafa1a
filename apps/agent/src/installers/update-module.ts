import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import type { RebootNeed } from "@moult/updater";
import { describeEnd, runProcess, type ProcessSpec } from "../platform/process-group.ts";
import { systemCode } from "../storage/durable-file.ts";
import type { UpdateLimits } from "../update-runner/update-runner.ts";
import { InstallError } from "./install-error.ts";
import type { Installation, Installer } from "./installer.ts";
import { feedModule } from "./module-streams.ts";

// Update modules of Mender, protocol v3: `<module> <state> <absolute path of the file tree>`, with the tree as working
// folder. A state that a module does not know makes it print nothing and succeed.

export interface UpdateModuleDeps {
  readonly limits: UpdateLimits;
  /** What modules find in their environment. */
  readonly environment: () => NodeJS.ProcessEnv;
}

/** A payload type becomes a file name on the device, so it may only look like one. */
const PAYLOAD_TYPE = /^[A-Za-z0-9_][A-Za-z0-9_.,+-]{0,127}$/;

/** The module for a payload type; undefined when this device has none. */
export async function findUpdateModule(
  modulesDir: string,
  payloadType: string,
): Promise<string | undefined> {
  if (!PAYLOAD_TYPE.test(payloadType)) return undefined;
  const module = join(modulesDir, payloadType);
  try {
    await access(module, constants.X_OK);
    return module;
  } catch (cause) {
    const code = systemCode(cause);
    if (code === "ENOENT" || code === "EACCES" || code === "ENOTDIR") return undefined;
    throw cause;
  }
}

/** Drives one update module. */
export function createUpdateModule(module: string, deps: UpdateModuleDeps): Installer {
  const call = (state: string, at: ModuleCall, signal: AbortSignal): Promise<void> =>
    callModule(deps, module, state, at, signal);
  const query = (question: string, at: Installation, signal: AbortSignal): Promise<string> =>
    queryModule(deps, module, question, at, signal);
  const never = (): Promise<void> => Promise.resolve();

  return {
    unpack: async (files, at, signal) => {
      const givesSizes = await query("ProvidePayloadFileSizes", at, signal);
      const state = isYes(givesSizes, "ProvidePayloadFileSizes")
        ? "DownloadWithFileSizes"
        : "Download";
      const spec = moduleProcess(deps, module, state, at);
      const end = await feedModule(spec, files, {
        tree: at.tree,
        givesSizes: state === "DownloadWithFileSizes",
        limits: processLimits(deps),
        signal,
      });
      if (end !== undefined)
        throw new InstallError("install-failed", `update module ${state} ${end}`);
    },
    supportsRollback: async (at, signal) =>
      isYes(await query("SupportsRollback", at, signal), "SupportsRollback"),
    install: (at, signal) => call("ArtifactInstall", at, signal),
    neededReboot: async (at, signal) => rebootNeed(await query("NeedsArtifactReboot", at, signal)),
    activate: never,
    reboot: (at, signal) => call("ArtifactReboot", at, signal),
    verify: (at, signal) => (isReboot(at) ? call("ArtifactVerifyReboot", at, signal) : never()),
    checkHealth: never,
    commit: (at, signal) => call("ArtifactCommit", at, signal),
    rollBack: (at, signal) => call("ArtifactRollback", at, signal),
    rebootRollback: (at, signal) => call("ArtifactRollbackReboot", at, signal),
    verifyRollback: (at, signal) =>
      isReboot(at) ? call("ArtifactVerifyRollbackReboot", at, signal) : never(),
    handleFailure: (at, signal) => call("ArtifactFailure", at, signal),
    cleanUp: (at, signal) => call("Cleanup", at, signal),
  };
}

/** Reboot states are called only after a reboot: never for a person at the device, who reboots when it suits. */
function isReboot({ job, reboot }: Installation): boolean {
  return reboot !== "none" && job.update.kind === "assignment";
}

type ModuleCall = Pick<Installation, "tree" | "log">;

async function callModule(
  deps: UpdateModuleDeps,
  module: string,
  state: string,
  at: ModuleCall,
  signal: AbortSignal,
): Promise<void> {
  const spec = moduleProcess(deps, module, state, at);
  const end = await runProcess(spec, processLimits(deps), signal);
  if (end.kind === "exited" && end.exitCode === 0) return;
  throw new InstallError(codeOf(state), `update module ${state} ${describeEnd(end)}`);
}

/** The first line a module prints, or nothing. */
async function queryModule(
  deps: UpdateModuleDeps,
  module: string,
  question: string,
  at: Installation,
  signal: AbortSignal,
): Promise<string> {
  const lines: string[] = [];
  const spec = moduleProcess(deps, module, question, at, (line) => {
    if (lines.length < 2) lines.push(line);
  });
  const end = await runProcess(spec, processLimits(deps), signal);
  if (end.kind !== "exited" || end.exitCode !== 0)
    throw new InstallError("install-failed", `update module ${question} ${describeEnd(end)}`);
  if (lines.length > 1) throw protocolError(question, lines.join("\n"));
  return lines[0] ?? "";
}

function moduleProcess(
  deps: UpdateModuleDeps,
  module: string,
  state: string,
  { tree, log }: ModuleCall,
  onAnswer?: (line: string) => void,
): ProcessSpec {
  return {
    file: module,
    args: [state, tree],
    cwd: tree,
    env: deps.environment(),
    onLine: (stream, line) => {
      if (stream === "stdout" && onAnswer !== undefined) onAnswer(line);
      else log.info("update-module-output", { state, stream, line });
    },
  };
}

function processLimits({ limits }: UpdateModuleDeps): { timeoutMs: number; killAfterMs: number } {
  return { timeoutMs: limits.moduleTimeoutMs, killAfterMs: limits.killAfterMs };
}

function isYes(answer: string, question: string): boolean {
  if (answer === "Yes") return true;
  if (answer === "No" || answer === "") return false;
  throw protocolError(question, answer);
}

function rebootNeed(answer: string): RebootNeed {
  switch (answer) {
    case "":
    case "No":
      return "none";
    case "Automatic":
      return "system";
    case "Yes":
      return "installer";
    default:
      throw protocolError("NeedsArtifactReboot", answer);
  }
}

function protocolError(question: string, answer: string): InstallError {
  const shown = JSON.stringify(answer.slice(0, 100));
  return new InstallError("install-failed", `update module answered ${question} with ${shown}`);
}

function codeOf(state: string): ConstructorParameters<typeof InstallError>[0] {
  switch (state) {
    case "ArtifactReboot":
      return "activation-failed";
    case "ArtifactVerifyReboot":
      return "verification-failed";
    case "ArtifactCommit":
      return "commit-failed";
    case "ArtifactRollback":
    case "ArtifactRollbackReboot":
    case "ArtifactVerifyRollbackReboot":
      return "rollback-failed";
    default:
      return "install-failed";
  }
}
