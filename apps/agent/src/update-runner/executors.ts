import { STEP_FAILURE_CODES, type DeviceEffect } from "@moult/agent-core";
import {
  rebootNeed,
  type EffectOf,
  type Job,
  type RebootNeed,
  type UpdateEvent,
} from "@moult/updater";
import { failureOf } from "../installers/install-error.ts";
import type { ScriptState } from "../state-scripts/state-scripts.ts";
import { createPreparation } from "./prepare-update.ts";
import { cleanUp } from "./clean-up.ts";
import { awaitReadiness } from "./await-readiness.ts";
import type { ExecutorDeps } from "./executor-deps.ts";
import { inOrder, inReverse, openPayloads, type OpenedPayload } from "./open-payloads.ts";
import { reportUntilDone } from "./send-report.ts";
import { InstallError } from "../installers/install-error.ts";

/**
 * Does one kind of effect and says how it ended; null when there is nothing to say. A new kind without an executor does
 * not compile. Errors are failures of the step; when `signal` is aborted nobody listens any more.
 */
export type Executors = {
  readonly [Kind in DeviceEffect["kind"]]: (
    effect: EffectOf<Kind>,
    signal: AbortSignal,
  ) => Promise<UpdateEvent | null>;
};

/** Runs an effect by its executor. Whatever goes wrong is an event. */
export async function execute(
  executors: Executors,
  effect: DeviceEffect,
  signal: AbortSignal,
): Promise<UpdateEvent | null> {
  try {
    const run = executors[effect.kind] as (
      effect: DeviceEffect,
      signal: AbortSignal,
    ) => Promise<UpdateEvent | null>;
    return await run(effect, signal);
  } catch (cause) {
    if (signal.aborted) return null;
    const failure = failureOf(cause, STEP_FAILURE_CODES[effect.kind]);
    return { kind: "effect-failed", effect: effect.kind, failure };
  }
}

export function createExecutors(deps: ExecutorDeps): Executors {
  const preparation = createPreparation(deps);
  return {
    report: (effect, signal) => reportUntilDone(deps, effect, signal),
    "await-readiness": (effect, signal) => awaitReadiness(deps, effect, signal),
    download: (effect, signal) => preparation.download(effect.update, signal),
    unpack: (effect, signal) => preparation.unpack(effect.job, signal),
    ...forward(deps),
    ...backward(deps),
    "reach-server": async (_, signal) => {
      await deps.server.reachServer(signal);
      return { kind: "server-reached" };
    },
    "clean-up": async (effect, signal) => {
      await cleanUp(deps, effect, signal);
      return { kind: "cleaned-up" };
    },
  };
}

type Forward =
  | "install"
  | "activate"
  | "reboot"
  | "verify-activation"
  | "check-health"
  | "commit"
  | "leave-commit";

function forward(deps: ExecutorDeps): Pick<Executors, Forward> {
  return {
    install: async ({ job }, signal) => {
      const payloads = await openPayloads(deps, job);
      await withScripts(deps, "ArtifactInstall", job, signal, () =>
        inOrder(payloads, ({ installer, at }) => installer.install(at, signal)),
      );
      const reboots = await neededReboots(payloads, signal);
      // The reboot is the person's then, and nothing else comes before it.
      if (job.update.kind === "standalone" && rebootNeed({ reboots }) !== "none")
        await activateThoseWithoutReboot(payloads, reboots, signal);
      return { kind: "installed", reboots };
    },
    activate: async ({ job }, signal) => {
      const payloads = await openPayloads(deps, job);
      await activateThoseWithoutReboot(payloads, job.reboots, signal);
      return { kind: "activated" };
    },
    reboot: async ({ job }, signal) => {
      const payloads = await openPayloads(deps, job);
      await enter(deps, "ArtifactReboot", job, signal, async () => {
        await activateThoseWithoutReboot(payloads, job.reboots, signal);
        await inOrder(rebootingThemselves(payloads), ({ installer, at }) =>
          installer.reboot(at, signal),
        );
        if (rebootNeed(job) === "system") await rebootMachine(deps, signal);
      });
      return { kind: "activated" };
    },
    "verify-activation": async ({ job }, signal) => {
      const payloads = await openPayloads(deps, job);
      await orErrorScripts(deps, "ArtifactReboot", job, signal, async () => {
        await inOrder(payloads, ({ installer, at }) => installer.verify(at, signal));
        if (rebootNeed(job) !== "none")
          await deps.scripts.run("ArtifactReboot", "Leave", deps.logOf(job.update), signal);
      });
      return { kind: "verified" };
    },
    "check-health": async ({ job }, signal) => {
      const payloads = await openPayloads(deps, job);
      await inOrder(payloads, ({ installer, at }) => installer.checkHealth(at, signal));
      return { kind: "health-passed" };
    },
    commit: async ({ job }, signal) => {
      const payloads = await openPayloads(deps, job);
      await enter(deps, "ArtifactCommit", job, signal, () =>
        inOrder(payloads, ({ installer, at }) => installer.commit(at, signal)),
      );
      return { kind: "committed" };
    },
    "leave-commit": async ({ job }, signal) => {
      // Here, and not before: a start that finds "committing" rolls back, and the old software must stay installable.
      await deps.admission.committed(job.artifact);
      const log = deps.logOf(job.update);
      try {
        await deps.scripts.run("ArtifactCommit", "Leave", log, signal);
      } catch (cause) {
        signal.throwIfAborted();
        await deps.scripts.run("ArtifactCommit", "Error", log, signal);
        const { detail } = failureOf(cause, "commit-leave-failed");
        throw new InstallError("commit-leave-failed", detail, { cause });
      }
      return { kind: "commit-left" };
    },
  };
}

type Backward = "roll-back" | "reboot-rollback" | "verify-rollback" | "handle-failure";

function backward(deps: ExecutorDeps): Pick<Executors, Backward> {
  return {
    "roll-back": async ({ job }, signal) => {
      const payloads = await openPayloads(deps, job);
      await betweenScripts(deps, "ArtifactRollback", job, signal, () =>
        inReverse(payloads, signal, ({ installer, at }) => installer.rollBack(at, signal)),
      );
      // An installation that did not get so far never said whether it needs one.
      const isUnknown = rebootNeed(job) === "none";
      const reboots = isUnknown ? await neededReboots(payloads, signal) : job.reboots;
      return { kind: "rolled-back", reboots };
    },
    "reboot-rollback": async ({ job }, signal) => {
      const payloads = await openPayloads(deps, job);
      // A further try after a verification that failed is still the same state.
      if (job.rollbacks === 1)
        await deps.scripts.run("ArtifactRollbackReboot", "Enter", deps.logOf(job.update), signal);
      await inReverse(rebootingThemselves(payloads), signal, ({ installer, at }) =>
        installer.rebootRollback(at, signal),
      );
      if (rebootNeed(job) === "system") await rebootMachine(deps, signal);
      return { kind: "rollback-rebooted" };
    },
    "verify-rollback": async ({ job }, signal) => {
      const payloads = await openPayloads(deps, job);
      await inReverse(payloads, signal, ({ installer, at }) =>
        installer.verifyRollback(at, signal),
      );
      if (rebootNeed(job) !== "none" && job.update.kind === "assignment")
        await deps.scripts.run("ArtifactRollbackReboot", "Leave", deps.logOf(job.update), signal);
      return { kind: "rollback-verified" };
    },
    "handle-failure": async ({ job }, signal) => {
      const payloads = await openPayloads(deps, job);
      await betweenScripts(deps, "ArtifactFailure", job, signal, () =>
        inReverse(payloads, signal, ({ installer, at }) => installer.handleFailure(at, signal)),
      );
      return { kind: "failure-handled" };
    },
  };
}

async function neededReboots(
  payloads: readonly OpenedPayload[],
  signal: AbortSignal,
): Promise<readonly RebootNeed[]> {
  const reboots: RebootNeed[] = [];
  for (const { installer, at } of payloads) reboots.push(await installer.neededReboot(at, signal));
  return reboots;
}

/** What needs no reboot is put to work before the reboot that the other payloads need. */
const activateThoseWithoutReboot = (
  payloads: readonly OpenedPayload[],
  reboots: readonly RebootNeed[],
  signal: AbortSignal,
): Promise<void> =>
  inOrder(
    payloads.filter((_, position) => reboots[position] === "none"),
    ({ installer, at }) => installer.activate(at, signal),
  );

/** Whose installers reboot what they must, or have it rebooted, without the machine's own reboot. */
const rebootingThemselves = (payloads: readonly OpenedPayload[]): readonly OpenedPayload[] =>
  payloads.filter(({ at }) => at.reboot === "installer");

/** A state with its Enter and Leave scripts, and the Error scripts instead of Leave when it fails. */
async function withScripts(
  deps: ExecutorDeps,
  state: ScriptState,
  job: Job,
  signal: AbortSignal,
  run: () => Promise<void>,
): Promise<void> {
  await enter(deps, state, job, signal, async () => {
    await run();
    await deps.scripts.run(state, "Leave", deps.logOf(job.update), signal);
  });
}

/** A state on the way back: its Leave scripts run however it ended, and there are no Error scripts. */
async function betweenScripts(
  deps: ExecutorDeps,
  state: ScriptState,
  job: Job,
  signal: AbortSignal,
  run: () => Promise<void>,
): Promise<void> {
  const log = deps.logOf(job.update);
  await deps.scripts.run(state, "Enter", log, signal);
  try {
    await run();
  } catch (cause) {
    signal.throwIfAborted();
    await deps.scripts.run(state, "Leave", log, signal);
    throw cause;
  }
  await deps.scripts.run(state, "Leave", log, signal);
}

/** A state with its Enter and Error scripts, whose Leave scripts run later. */
async function enter(
  deps: ExecutorDeps,
  state: ScriptState,
  job: Job,
  signal: AbortSignal,
  run: () => Promise<void>,
): Promise<void> {
  await orErrorScripts(deps, state, job, signal, async () => {
    await deps.scripts.run(state, "Enter", deps.logOf(job.update), signal);
    await run();
  });
}

async function orErrorScripts(
  deps: ExecutorDeps,
  state: ScriptState,
  job: Job,
  signal: AbortSignal,
  run: () => Promise<void>,
): Promise<void> {
  try {
    await run();
  } catch (cause) {
    signal.throwIfAborted();
    if (state !== "ArtifactReboot" || rebootNeed(job) !== "none")
      await deps.scripts.run(state, "Error", deps.logOf(job.update), signal);
    throw cause;
  }
}

/** Returns only when the reboot did not come. */
async function rebootMachine(deps: ExecutorDeps, signal: AbortSignal): Promise<never> {
  await deps.reboot.reboot();
  await deps.ticker.sleep(deps.limits.rebootTimeoutMs, signal);
  const seconds = deps.limits.rebootTimeoutMs / 1_000;
  throw new InstallError(
    "activation-failed",
    `the machine did not reboot within ${seconds} seconds of being asked to`,
  );
}
