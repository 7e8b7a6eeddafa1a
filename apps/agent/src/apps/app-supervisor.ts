import { backOffDelayMs, type Log, type Random } from "@moult/base";
import {
  describeEnd,
  startProcess,
  stopProcess,
  type ProcessGroup,
} from "../platform/process-group.ts";
import type { Ticker } from "@moult/agent-core";
import { createRotatingFile } from "./rotating-file.ts";

/** One release of an application, ready to run. */
export interface AppRun {
  readonly name: string;
  readonly release: string;
  readonly folder: string;
  readonly command: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly logFile: string;
  readonly stopTimeoutMs: number;
}

/** `trial`: when it ends it stays ended, and that is its failure. `kept`: it is started again. */
export type RunMode = "trial" | "kept";

type AppStatus =
  | { readonly kind: "running"; readonly release: string; readonly sinceMs: number }
  | { readonly kind: "ended"; readonly release: string; readonly how: string };

/** Runs applications as children of the agent. */
export interface AppSupervisor {
  /** Starts a release; the one before must have been stopped. */
  start(run: AppRun, mode: RunMode): void;
  /** From now on it is started again when it ends; at once if it has. */
  keep(name: string): void;
  /** Returns when it has ended with everything it started. */
  stop(name: string): Promise<void>;
  stopAll(): Promise<void>;
  status(name: string): AppStatus | undefined;
}

export interface AppSupervisorDeps {
  readonly ticker: Ticker;
  readonly random: Random;
  readonly log: Log;
}

const LOG_BYTES_MAX = 1024 * 1024;
const RESTART = { delayMsMin: 1_000, delayMsMax: 60_000 };
/** An application that ran for this long is started again without delay when it ends. */
const STEADY_MS = 60_000;
/** Of its output, told with its end. */
const LAST_LINES = 3;

export function createAppSupervisor(deps: AppSupervisorDeps): AppSupervisor {
  const apps = new Map<string, SupervisedApp>();
  return {
    start: (run, mode) => apps.set(run.name, new SupervisedApp(run, mode, deps)),
    keep: (name) => apps.get(name)?.keep(),
    stop: async (name) => {
      await apps.get(name)?.stop();
      apps.delete(name);
    },
    stopAll: async () => {
      await Promise.all([...apps.values()].map((app) => app.stop()));
      apps.clear();
    },
    status: (name) => apps.get(name)?.status(),
  };
}

class SupervisedApp {
  readonly #run: AppRun;
  readonly #deps: AppSupervisorDeps;
  readonly #stopped = new AbortController();
  readonly #append: (line: string) => void;
  #lastLines: readonly string[] = [];
  #mode: RunMode;
  #group: ProcessGroup;
  #startedMs = 0;
  #endedHow: string | undefined;
  #failures = 0;

  constructor(run: AppRun, mode: RunMode, deps: AppSupervisorDeps) {
    this.#run = run;
    this.#mode = mode;
    this.#deps = deps;
    const file = createRotatingFile(run.logFile, LOG_BYTES_MAX);
    this.#append = (line) => {
      file.append(line);
      this.#lastLines = [...this.#lastLines, line].slice(-LAST_LINES);
    };
    this.#group = this.#launch();
  }

  status(): AppStatus {
    const { release } = this.#run;
    return this.#endedHow === undefined
      ? { kind: "running", release, sinceMs: this.#startedMs }
      : { kind: "ended", release, how: this.#endedHow };
  }

  keep(): void {
    this.#mode = "kept";
    if (this.#endedHow !== undefined) void this.#restart();
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new Error("the application was stopped"));
    await stopProcess(this.#group, this.#run.stopTimeoutMs);
  }

  #launch(): ProcessGroup {
    const { name, release, command, folder, environment } = this.#run;
    const [file = "", ...args] = command;
    this.#startedMs = this.#deps.ticker.monotonicMs();
    this.#endedHow = undefined;
    this.#lastLines = [];
    const onLine = (_: unknown, line: string): void => this.#append(line);
    const group = startProcess({ file, args, cwd: folder, env: environment, onLine });
    this.#deps.log.info("app-started", { name, release, pid: group.pid });
    void group.ended.then((end) => this.#ended(describeEnd(end)));
    return group;
  }

  #ended(how: string): void {
    if (this.#stopped.signal.aborted) return;
    const said = this.#lastLines.length === 0 ? "" : `, saying: ${this.#lastLines.join(" | ")}`;
    this.#endedHow = how + said;
    const { name, release } = this.#run;
    this.#deps.log.warn("app-ended", { name, release, how });
    // What the application started goes with it, or its successor would find its port taken.
    this.#group.kill("SIGKILL");
    if (this.#mode === "kept") void this.#restart();
  }

  async #restart(): Promise<void> {
    const { ticker, random } = this.#deps;
    const isSteady = ticker.monotonicMs() - this.#startedMs >= STEADY_MS;
    this.#failures = isSteady ? 0 : this.#failures + 1;
    const delayMs = this.#failures === 0 ? 0 : backOffDelayMs(RESTART, this.#failures, random);
    try {
      await ticker.sleep(delayMs, this.#stopped.signal);
    } catch (cause) {
      if (this.#stopped.signal.aborted) return;
      throw cause;
    }
    this.#group = this.#launch();
  }
}
