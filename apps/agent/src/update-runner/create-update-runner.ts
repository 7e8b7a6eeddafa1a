import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { assert, errorChain, type Log } from "@moult/base";
import {
  effects,
  initialState,
  next,
  outcomeOf,
  recover,
  updateId,
  type Effect,
  type Update,
  type UpdateEvent,
  type UpdateFacts,
  type UpdateState,
} from "@moult/updater";
import { createAppRuntime } from "../apps/app-runtime.ts";
import { createAppSupervisor } from "../apps/app-supervisor.ts";
import { startApps, type SwitchStanding } from "../apps/start-apps.ts";
import { killMarkedProcesses } from "../platform/marked-processes.ts";
import { createStateScripts } from "../state-scripts/state-scripts.ts";
import { deploymentLogFile, openDeploymentLog, pruneDeploymentLogs } from "./deployment-log.ts";
import { createEffectRunner } from "./effect-runner.ts";
import { createExecutors, execute } from "./executors.ts";
import { createInstallers } from "./find-installer.ts";
import { createIdleScripts } from "./idle-scripts.ts";
import { openStateFile } from "./state-file.ts";
import type {
  FileOptions,
  FinishedUpdate,
  StandaloneResult,
  UpdateRunner,
  UpdateRunnerDeps,
} from "./update-runner.ts";

/** In the environment of everything an update starts, with the agent's data folder. */
export const STEP_MARK = "MOULT_STEP";

/** Between two tries to save a state. */
const SAVE_RETRY_MS = 5_000;

/** Makes the runner of one device; nothing happens before `start`. */
export function createUpdateRunner(deps: UpdateRunnerDeps): UpdateRunner {
  const shell = new Shell(deps);
  return {
    start: () => shell.start(),
    state: () => shell.state,
    running: () => shell.state.running,
    offer: (update) => shell.deliver({ kind: "offered", update }),
    withdraw: async () => {
      await shell.deliver({ kind: "withdrawn" });
    },
    installFile: (file, options) => shell.installFile(resolve(file), options),
    commit: () => shell.decide({ kind: "commit-requested" }),
    rollBack: () => shell.decide({ kind: "rollback-requested" }),
    payloadTypes: () => shell.installers.payloadTypes(),
    idle: () => shell.settled(),
    onChange: (listener) => shell.onChange(listener),
    aroundCheckIn: (checkIn, signal) => shell.aroundCheckIn(checkIn, signal),
    stop: () => shell.stop(),
  };
}

interface QueuedEvent {
  readonly event: UpdateEvent;
  readonly done: (isApplied: boolean) => void;
}

/** One event at a time; saved before anything is done about it. */
class Shell {
  readonly installers: ReturnType<typeof createInstallers>;
  state: UpdateState;

  readonly #deps: UpdateRunnerDeps;
  readonly #file: ReturnType<typeof openStateFile>;
  readonly #supervisor: ReturnType<typeof createAppSupervisor>;
  readonly #apps: ReturnType<typeof createAppRuntime>;
  readonly #effects: ReturnType<typeof createEffectRunner>;
  readonly #idleScripts: ReturnType<typeof createIdleScripts>;
  readonly #stopping = new AbortController();
  readonly #queue: QueuedEvent[] = [];
  readonly #listeners = new Set<(state: UpdateState) => void>();
  readonly #waiting = new Set<() => void>();
  #pumping: Promise<void> | undefined;
  #log: { readonly id: string; readonly log: Log } | undefined;
  #finished: FinishedUpdate | undefined;
  #isStarted = false;

  constructor(deps: UpdateRunnerDeps) {
    const { paths, limits, ticker, log } = deps;
    const { appsDir } = paths;
    this.#deps = deps;
    this.state = initialState(deps.initialRunning);
    this.#file = openStateFile(paths.dataDir, log);
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
    const { serverMove } = deps;
    this.installers = createInstallers({
      paths,
      limits,
      apps: this.#apps,
      serverMove,
      environment,
    });
    const scripts = createStateScripts({ ...paths, limits, ticker, environment });
    this.#idleScripts = createIdleScripts(scripts, log, this.#stopping.signal);
    const executors = createExecutors({
      ...deps,
      installers: this.installers,
      scripts,
      logOf: (update) => this.#logOf(update),
      logFileOf: (update) => deploymentLogFile(paths.dataDir, updateId(update)),
      running: () => this.state.running,
      deliver: (event) => void this.deliver(event),
      stopping: this.#stopping.signal,
    });
    this.#effects = createEffectRunner(
      (effect, signal) => this.#execute(executors, effect, signal),
      (event) => void this.deliver(event),
    );
  }

  async start() {
    assert(!this.#isStarted, "a runner is started once");
    this.#isStarted = true;
    const { reading, state } = await this.#file.load();
    if (state !== undefined) this.state = state;
    if (this.state.kind !== "idle") await this.#endLeftOverSteps();
    const before = this.state;
    const after = recover(before, this.#facts());
    if (after !== before) await this.#become(before, { kind: "started" }, after);
    await this.#startApps();
    await pruneDeploymentLogs(this.#deps.paths.dataDir);
    await this.#act();
    return reading;
  }

  /** Resolves when the event was decided on, to whether it applied. */
  deliver(event: UpdateEvent): Promise<boolean> {
    return new Promise((done) => {
      this.#queue.push({ event, done });
      this.#pumping ??= this.#pump();
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
    if (!(await this.deliver({ kind: "offered", update }))) return { kind: "busy" };
    return this.#standaloneResult();
  }

  async decide(
    event: Extract<UpdateEvent, { kind: "commit-requested" | "rollback-requested" }>,
  ): Promise<StandaloneResult> {
    if (!(await this.deliver(event))) return { kind: "nothing-to-decide" };
    return this.#standaloneResult();
  }

  async settled(): Promise<void> {
    while (this.#pumping !== undefined || !isSettled(this.state))
      await new Promise<void>((wake) => this.#waiting.add(wake));
  }

  onChange(listener: (state: UpdateState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async aroundCheckIn<Result>(checkIn: () => Promise<Result>, signal: AbortSignal) {
    if (this.state.kind !== "idle") return { kind: "checked-in" as const, result: await checkIn() };
    await this.#idleScripts.leaveIdle();
    try {
      return await this.#idleScripts.aroundSync(checkIn, signal);
    } finally {
      if (isSettled(this.state)) await this.#idleScripts.enterIdle();
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the agent stops"));
    await this.#pumping;
    await this.#effects.want([]);
    await this.#supervisor.stopAll();
  }

  async #pump(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift())
      next.done(await this.#handle(next.event));
    this.#pumping = undefined;
    this.#wake();
  }

  async #handle(event: UpdateEvent): Promise<boolean> {
    if (this.#stopping.signal.aborted) return false;
    const before = this.state;
    const after = next(before, event, this.#facts());
    if (after === before) return false;
    if (!(await this.#become(before, event, after))) return false;
    await this.#act();
    return true;
  }

  /** Durable before visible: whatever is done about a state, a power cut finds the state saved. */
  async #become(before: UpdateState, event: UpdateEvent, after: UpdateState): Promise<boolean> {
    if (!(await this.#save(after))) return false;
    this.state = after;
    this.#note(before, event, after);
    for (const listener of this.#listeners) listener(after);
    return true;
  }

  async #act(): Promise<void> {
    if (this.state.kind !== "idle") await this.#idleScripts.leaveIdle();
    await this.#effects.want(effects(this.state));
    if (this.state.kind !== "idle") return;
    await pruneDeploymentLogs(this.#deps.paths.dataDir);
    await this.#idleScripts.enterIdle();
  }

  /** A state that cannot be saved must not be acted on: the old one holds until it can. False when the agent stops. */
  async #save(state: UpdateState): Promise<boolean> {
    const { log, ticker } = this.#deps;
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#file.save(state);
        return true;
      } catch (cause) {
        log.error("state-not-saved", { state: state.kind, error: errorChain(cause) });
      }
      await ticker.sleep(SAVE_RETRY_MS, this.#stopping.signal).catch(() => undefined);
    }
    return false;
  }

  #note(before: UpdateState, event: UpdateEvent, after: UpdateState): void {
    const update = updateOf(after) ?? updateOf(before);
    if (update === undefined) return;
    const id = updateId(update);
    if (before.kind !== after.kind || event.kind === "started") {
      const failure = event.kind === "effect-failed" ? event.failure : {};
      const change = { from: before.kind, event: event.kind, to: after.kind, ...failure };
      this.#logOf(update).info("update-state", change);
      this.#deps.log.info("update-state", { updateId: id, ...change });
    }
    if (after.kind !== "reporting" || before.kind === "reporting") return;
    const { running, verdict, artifact } = after;
    const logFile = deploymentLogFile(this.#deps.paths.dataDir, id);
    const expiredRole = artifact?.vouched?.expiredRole ?? null;
    const outcome = outcomeOf(verdict);
    this.#finished = { updateId: id, outcome, verdict, running, expiredRole, logFile };
    this.#deps.log.info("update-finished", { updateId: id, outcome });
  }

  async #execute(
    executors: ReturnType<typeof createExecutors>,
    effect: Effect,
    signal: AbortSignal,
  ): Promise<UpdateEvent | null> {
    const event = await execute(
      executors,
      effect,
      AbortSignal.any([signal, this.#stopping.signal]),
    );
    return this.#stopping.signal.aborted ? null : event;
  }

  async #standaloneResult(): Promise<StandaloneResult> {
    await this.settled();
    if (this.state.kind === "awaiting-decision") {
      const { artifact, reboot } = this.state.job;
      const rebootNeeded = reboot !== "none";
      const expiredRole = artifact.vouched?.expiredRole ?? null;
      return { kind: "awaiting-decision", rebootNeeded, artifactName: artifact.name, expiredRole };
    }
    assert(this.#finished !== undefined, "an update that was begun and is over has finished");
    return { kind: "finished", finished: this.#finished };
  }

  #facts(): UpdateFacts {
    const { ticker, bootId, limits } = this.#deps;
    return {
      monotonicMs: ticker.monotonicMs(),
      bootId,
      confirmTimeoutMs: limits.confirmTimeoutMs,
    };
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

  #startApps(): Promise<void> {
    const { paths, log } = this.#deps;
    const parts = { appsDir: paths.appsDir, runtime: this.#apps, log };
    return startApps(parts, standingOf(this.state), this.#stopping.signal);
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

function updateOf(state: UpdateState): Update | undefined {
  if (state.kind === "idle") return undefined;
  return "job" in state ? state.job.update : state.update;
}

const isSettled = (state: UpdateState): boolean =>
  state.kind === "idle" || state.kind === "awaiting-decision";

function standingOf({ kind }: UpdateState): SwitchStanding {
  if (kind === "idle" || kind === "downloading" || kind === "unpacking") return "none";
  return kind === "rolling-back" ? "rolling-back" : "decided";
}
