import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { createUpdateLoop, type StateChange, type UpdateLoop } from "@moult/agent-core";
import { assert, type Log } from "@moult/base";
import {
  holdPointOf,
  outcomeOf,
  rebootNeed,
  updateId,
  type StateOf,
  type Update,
  type UpdateEvent,
  type UpdateState,
} from "@moult/updater";
import { createAppRuntime } from "../apps/app-runtime.ts";
import { createAppSupervisor } from "../apps/app-supervisor.ts";
import { startApps, type SwitchStanding } from "../apps/start-apps.ts";
import { killMarkedProcesses } from "../platform/marked-processes.ts";
import { createStateScripts } from "../state-scripts/state-scripts.ts";
import { deploymentLogFile, openDeploymentLog, pruneDeploymentLogs } from "./deployment-log.ts";
import { createExecutors, execute } from "./executors.ts";
import { createInstallers } from "./find-installer.ts";
import { createIdleScripts } from "./idle-scripts.ts";
import { openStateStore } from "./open-state-store.ts";
import type {
  ConsentResult,
  FileOptions,
  FinishedUpdate,
  StandaloneResult,
  UpdateRunner,
  UpdateRunnerDeps,
} from "./update-runner.ts";

/** In the environment of everything an update starts, with the agent's data folder. */
export const STEP_MARK = "MOULT_STEP";

/** Makes the runner of one device; nothing happens before `start`. */
export function createUpdateRunner(deps: UpdateRunnerDeps): UpdateRunner {
  const shell = new Shell(deps);
  return {
    start: () => shell.loop.start(),
    state: () => shell.loop.state(),
    running: () => shell.loop.state().running,
    offer: (update) => shell.loop.deliver({ kind: "offered", update }),
    withdraw: async () => {
      await shell.loop.deliver({ kind: "withdrawn" });
    },
    installFile: (file, options) => shell.installFile(resolve(file), options),
    commit: () => shell.decide({ kind: "commit-requested" }),
    rollBack: () => shell.decide({ kind: "rollback-requested" }),
    consent: (isYes) => shell.consent(isYes),
    payloadTypes: () => shell.installers.payloadTypes(),
    idle: () => shell.settled(),
    onChange: (listener) => shell.onChange(listener),
    aroundCheckIn: (checkIn, signal) => shell.aroundCheckIn(checkIn, signal),
    stop: () => shell.stop(),
  };
}

/** What a device of this kind does around its updates: scripts, applications, logs. */
class Shell {
  readonly installers: ReturnType<typeof createInstallers>;
  readonly loop: UpdateLoop;

  readonly #deps: UpdateRunnerDeps;
  readonly #supervisor: ReturnType<typeof createAppSupervisor>;
  readonly #apps: ReturnType<typeof createAppRuntime>;
  readonly #executors: ReturnType<typeof createExecutors>;
  readonly #idleScripts: ReturnType<typeof createIdleScripts>;
  readonly #listeners = new Set<(state: UpdateState) => void>();
  #log: { readonly id: string; readonly log: Log } | undefined;
  #finished: FinishedUpdate | undefined;
  /** A person's installation was taken back, and a reboot of theirs may have put it to work before. */
  #isRebootLeft = false;

  constructor(deps: UpdateRunnerDeps) {
    const { paths, limits, ticker, log } = deps;
    const { appsDir } = paths;
    this.#deps = deps;
    this.loop = this.#createLoop();
    const random = { fraction: Math.random };
    this.#supervisor = createAppSupervisor({ ticker, random, log });
    this.#apps = createAppRuntime({
      appsDir,
      supervisor: this.#supervisor,
      ticker,
      log,
      environment: process.env,
    });
    const environment = () => ({ ...process.env, [STEP_MARK]: paths.dataDir });
    const { serverMove, selfUpdate, rootfsImages, bootloader } = deps;
    this.installers = createInstallers({
      paths,
      limits,
      apps: this.#apps,
      serverMove,
      selfUpdate,
      rootfsImages,
      bootloader,
      environment,
    });
    const scripts = createStateScripts({ ...paths, limits, ticker, environment });
    this.#idleScripts = createIdleScripts(scripts, log, this.loop.stopping);
    this.#executors = createExecutors({
      ...deps,
      installers: this.installers,
      scripts,
      logOf: (update) => this.#logOf(update),
      logFileOf: (update) => deploymentLogFile(paths.dataDir, updateId(update)),
      running: () => this.loop.state().running,
      deliver: (event) => void this.loop.deliver(event),
      stopping: this.loop.stopping,
    });
  }

  async installFile(file: string, options: FileOptions = {}): Promise<StandaloneResult> {
    const { isUnsignedAllowed = false, metadataDir } = options;
    const update: Update = {
      kind: "standalone",
      id: `standalone-${randomUUID()}`,
      file,
      isUnsignedAllowed,
      metadataDir: metadataDir === undefined ? null : resolve(metadataDir),
    };
    if (!(await this.loop.deliver({ kind: "offered", update }))) return { kind: "busy" };
    return this.#standaloneResult();
  }

  async decide(
    event: Extract<UpdateEvent, { kind: "commit-requested" | "rollback-requested" }>,
  ): Promise<StandaloneResult> {
    if (!(await this.loop.deliver(event))) return { kind: "nothing-to-decide" };
    return this.#standaloneResult();
  }

  async consent(isYes: boolean): Promise<ConsentResult> {
    const before = holdPointOf(this.loop.state());
    const isTaken = await this.loop.deliver({ kind: isYes ? "consented" : "declined" });
    if (before === undefined || !isTaken) return { kind: "nothing-to-decide" };
    return { kind: "taken", before };
  }

  async settled(): Promise<void> {
    for (;;) {
      await this.loop.settled();
      if (isSettled(this.loop.state())) return;
      await this.#nextChange();
    }
  }

  onChange(listener: (state: UpdateState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async aroundCheckIn<Result>(checkIn: () => Promise<Result>, signal: AbortSignal) {
    if (this.loop.state().kind !== "idle")
      return { kind: "checked-in" as const, result: await checkIn() };
    await this.#idleScripts.leaveIdle();
    try {
      return await this.#idleScripts.aroundSync(checkIn, signal);
    } finally {
      if (isSettled(this.loop.state())) await this.#idleScripts.enterIdle();
    }
  }

  async stop(): Promise<void> {
    await this.loop.stop();
    await this.#supervisor.stopAll();
  }

  #createLoop(): UpdateLoop {
    const { ticker, bootId, limits, paths, log, initialRunning } = this.#deps;
    return createUpdateLoop({
      store: openStateStore(paths.dataDir, log),
      facts: () => ({
        bootId,
        confirmTimeoutMs: limits.confirmTimeoutMs,
        holdMsMax: limits.holdMsMax,
      }),
      execute: (effect, signal) => execute(this.#executors, effect, signal),
      ticker,
      log,
      initialRunning,
      loaded: async (state) => {
        await this.#deps.rootfsImages?.refuseStrayTrial(state);
        await this.#deps.selfUpdate?.refuseStrayTrial(state);
        if (state.kind !== "idle") await this.#endLeftOverSteps();
      },
      recovered: async (state) => {
        await this.#startApps(state);
        await pruneDeploymentLogs(paths.dataDir);
      },
      beforeEffects: async ({ kind }) => {
        if (kind !== "idle") await this.#idleScripts.leaveIdle();
      },
      afterEffects: async ({ kind }) => {
        if (kind !== "idle") return;
        await pruneDeploymentLogs(paths.dataDir);
        await this.#idleScripts.enterIdle();
      },
      onChange: (change) => {
        this.#note(change);
        for (const listener of this.#listeners) listener(change.after);
      },
    });
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => {
      const unsubscribe = this.onChange(() => {
        unsubscribe();
        resolve();
      });
    });
  }

  #note({ before, event, after }: StateChange): void {
    const update = updateOf(after) ?? updateOf(before);
    if (update === undefined) return;
    const id = updateId(update);
    if (before.kind !== after.kind || event.kind === "started") {
      const failure = event.kind === "effect-failed" ? event.failure : {};
      const change = { from: before.kind, event: event.kind, to: after.kind, ...failure };
      this.#logOf(update).info("update-state", change);
      this.#deps.log.info("update-state", { updateId: id, ...change });
    }
    if (before.kind === "failing") this.#isRebootLeft = isRebootLeft(before);
    if (after.kind !== "reporting" || before.kind === "reporting") return;
    const { running, verdict, artifact } = after;
    const logFile = deploymentLogFile(this.#deps.paths.dataDir, id);
    const expiredRole = artifact?.vouched?.expiredRole ?? null;
    const outcome = outcomeOf(verdict);
    const rebootNeeded = this.#isRebootLeft;
    this.#finished = {
      updateId: id,
      outcome,
      verdict,
      running,
      expiredRole,
      logFile,
      rebootNeeded,
    };
    this.#deps.log.info("update-finished", { updateId: id, outcome });
  }

  async #standaloneResult(): Promise<StandaloneResult> {
    await this.settled();
    const state = this.loop.state();
    if (state.kind === "awaiting-decision") {
      const { artifact } = state.job;
      const rebootNeeded = rebootNeed(state.job) !== "none";
      const expiredRole = artifact.vouched?.expiredRole ?? null;
      return { kind: "awaiting-decision", rebootNeeded, artifactName: artifact.name, expiredRole };
    }
    assert(this.#finished !== undefined, "an update that was begun and is over has finished");
    return { kind: "finished", finished: this.#finished };
  }

  #logOf(update: Update): Log {
    const id = updateId(update);
    if (this.#log?.id !== id) {
      const file = deploymentLogFile(this.#deps.paths.dataDir, id);
      this.#log = { id, log: openDeploymentLog(file, this.#deps.clock) };
    }
    return this.#log.log;
  }

  async #endLeftOverSteps(): Promise<void> {
    const { paths, log } = this.#deps;
    const killed = await killMarkedProcesses(STEP_MARK, paths.dataDir);
    if (killed > 0) log.warn("left-over-steps-ended", { processes: killed });
  }

  #startApps(state: UpdateState): Promise<void> {
    const { paths, log } = this.#deps;
    const parts = { appsDir: paths.appsDir, runtime: this.#apps, log };
    return startApps(parts, standingOf(state), this.loop.stopping);
  }
}

function updateOf(state: UpdateState): Update | undefined {
  if (state.kind === "idle") return undefined;
  return "job" in state ? state.job.update : state.update;
}

const isSettled = (state: UpdateState): boolean =>
  state.kind === "idle" || state.kind === "awaiting-decision";

/** The states in which the installers have not begun to change anything. */
const UNTOUCHED: ReadonlySet<UpdateState["kind"]> = new Set<UpdateState["kind"]>([
  "idle",
  "waiting-to-download",
  "downloading",
  "unpacking",
  "waiting-to-install",
]);

function standingOf({ kind }: UpdateState): SwitchStanding {
  if (UNTOUCHED.has(kind)) return "none";
  return kind === "rolling-back" ? "rolling-back" : "decided";
}

/** The agent reboots no machine for a person, also not on the way back. */
const isRebootLeft = ({ job }: StateOf<"failing">): boolean =>
  job.update.kind === "standalone" &&
  job.verdict.rollback === "succeeded" &&
  rebootNeed(job) !== "none";
