import type { Log } from "@moult/base";
import type { Update } from "@moult/updater";
import type { Running } from "@moult/model";
import type { StateScripts } from "../state-scripts/state-scripts.ts";
import type { Installers } from "./find-installer.ts";
import type { UpdateEventSink } from "./update-events.ts";
import type { UpdateRunnerDeps } from "./update-runner.ts";

/** What effects are done with. */
export interface ExecutorDeps extends Pick<
  UpdateRunnerDeps,
  | "paths"
  | "hardwareType"
  | "artifactKeys"
  | "admission"
  | "server"
  | "reboot"
  | "clock"
  | "ticker"
  | "limits"
  | "holdPolicy"
  | "log"
> {
  readonly installers: Installers;
  readonly scripts: StateScripts;
  /** The log of one update. */
  readonly logOf: (update: Update) => Log;
  readonly logFileOf: (update: Update) => string;
  /** What the device runs now. */
  readonly running: () => Running;
  /** For what happens before an effect's end. */
  readonly deliver: UpdateEventSink;
  /** Aborted when the agent stops: what a state is left with, such as its Error scripts, runs until then. */
  readonly stopping: AbortSignal;
}
