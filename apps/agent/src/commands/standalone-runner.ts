import type { Log } from "@moult/base";
import { AgentError } from "../agent-error.ts";
import type { LoadedConfig } from "../config.ts";
import {
  standaloneReply,
  type InstallCommand,
  type StandaloneReply,
} from "../control/control-messages.ts";
import { buildRunner } from "../daemon/build-runner.ts";
import { createOfflineServerMove } from "../daemon/server-moves.ts";
import { assignmentUnderWay } from "../daemon/obey.ts";
import { lockFolder } from "../storage/lock-folder.ts";
import { openStateStore } from "../update-runner/open-state-store.ts";
import type { UpdateRunner, UpdateServer } from "../update-runner/update-runner.ts";
import type { StandaloneTrust } from "./standalone-trust.ts";

/** What installs, commits and rolls back: the daemon, or a runner in this process. */
export interface StandaloneAgent {
  install(command: InstallCommand): Promise<StandaloneReply>;
  commit(): Promise<StandaloneReply>;
  rollBack(): Promise<StandaloneReply>;
}

/** Runs the updater in this process, where no daemon does, for as long as `run` takes. */
export async function withStandaloneRunner<Result>(
  loaded: LoadedConfig,
  trust: StandaloneTrust,
  log: Log,
  run: (agent: StandaloneAgent) => Promise<Result>,
): Promise<Result> {
  const lock = await lockFolder(loaded.folders.dataDir);
  try {
    await refuseServersUpdate(loaded, log);
    const runner = await buildRunner({
      loaded,
      ...trust,
      server: noServer,
      serverMove: createOfflineServerMove(loaded.folders.identityDir, log),
      log,
    });
    await runner.start();
    try {
      await endInterrupted(runner, log);
      return await run({
        install: async (command) =>
          standaloneReply(await runner.installFile(command.file, command)),
        commit: async () => standaloneReply(await runner.commit()),
        rollBack: async () => standaloneReply(await runner.rollBack()),
      });
    } finally {
      await runner.stop();
    }
  } finally {
    await lock.release();
  }
}

/**
 * What an earlier command was in when its process or the machine ended comes to its end before anything else: no daemon is
 * there to do it, and a command that began it and ended would leave it half-way for ever.
 */
async function endInterrupted(runner: UpdateRunner, log: Log): Promise<void> {
  const { kind } = runner.state();
  if (kind === "idle" || kind === "awaiting-decision") return;
  await runner.idle();
  log.warn("interrupted-installation-ended", {
    state: kind,
    running: runner.running().artifactName,
  });
}

/** An update from the server that was interrupted can only go on with the server. */
async function refuseServersUpdate({ folders }: LoadedConfig, log: Log): Promise<void> {
  const { state } = await openStateStore(folders.dataDir, log).load();
  const update = state === undefined ? undefined : assignmentUnderWay(state);
  if (update !== undefined)
    throw new AgentError("command-refused", {
      reason: "an update from the server is under way; start the agent, and it goes on",
      assignmentId: update.assignmentId,
    });
}

const refuse = (): Promise<never> =>
  Promise.reject(new AgentError("command-refused", { reason: "there is no server here" }));

const noServer: UpdateServer = { download: refuse, reachServer: refuse, report: refuse };
