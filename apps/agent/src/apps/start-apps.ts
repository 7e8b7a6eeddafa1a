import { errorChain, type Log } from "@moult/base";
import { killMarkedProcesses } from "../platform/marked-processes.ts";
import { appsIn, openAppFolder, type AppFolder } from "./app-folder.ts";
import { APP_MARK, type AppRuntime } from "./app-runtime.ts";

export interface StartAppsDeps {
  readonly appsDir: string;
  readonly runtime: AppRuntime;
  readonly log: Log;
}

/**
 * What the saved state says about an application that is in the middle of a switch:
 * - `none`: no update was under way, so a switch that was not committed is taken back;
 * - `rolling-back`: the rollback that comes next starts the right release;
 * - `decided`: `current` points to the release that shall run.
 */
export type SwitchStanding = "none" | "rolling-back" | "decided";

/**
 * Starts every application's release at the start of the agent, after ending those that an agent before left running. One
 * application that cannot be started keeps neither the agent nor the others from starting.
 */
export async function startApps(
  deps: StartAppsDeps,
  standing: SwitchStanding,
  signal: AbortSignal,
): Promise<void> {
  const killed = await killMarkedProcesses(APP_MARK, deps.appsDir);
  if (killed > 0) deps.log.info("left-over-apps-ended", { processes: killed });
  for (const name of await appsIn(deps.appsDir)) {
    try {
      await startApp(deps, openAppFolder(deps.appsDir, name), standing, signal);
    } catch (cause) {
      signal.throwIfAborted();
      deps.log.error("app-not-started", { name, error: errorChain(cause) });
    }
  }
}

async function startApp(
  { runtime, log }: StartAppsDeps,
  folder: AppFolder,
  standing: SwitchStanding,
  signal: AbortSignal,
): Promise<void> {
  const record = await folder.readSwitch();
  if (record !== undefined) {
    if (standing === "rolling-back") return;
    if (standing === "none") {
      if (!record.isCommitted) await folder.switchTo(record.previous);
      log.warn("app-switch-without-update", { name: folder.name, ...record });
      await folder.removeSwitch();
    }
  }
  const current = await folder.current();
  if (current !== undefined) await runtime.start(folder, current, "kept", signal);
}
