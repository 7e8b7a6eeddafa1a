import { access } from "node:fs/promises";
import { errorChain } from "@moult/base";
import type { EffectOf } from "@moult/updater";
import { removeArtifactScripts } from "../state-scripts/artifact-scripts.ts";
import type { ExecutorDeps } from "./executor-deps.ts";
import { fileTree } from "./file-tree.ts";
import { removeWorkFiles } from "./prepare-update.ts";

/**
 * Lets the installer clean up and removes the work files. How the update ended is decided already, so one thing that
 * cannot be removed does not keep the rest.
 */
export async function cleanUp(
  deps: ExecutorDeps,
  { update, artifact, verdict }: EffectOf<"clean-up">,
  signal: AbortSignal,
): Promise<void> {
  const log = deps.logOf(update);
  const steps: readonly (() => Promise<void>)[] = [
    ...(artifact?.payloadTypes ?? []).map((payloadType, index) => async () => {
      const installer = await deps.installers.find(payloadType);
      const tree = fileTree(deps.paths.dataDir, index);
      // Its turn to be unpacked never came, or its cleaning was done before a loss of power.
      if (!(await isThere(tree))) return;
      // A commit whose Leave scripts failed is still a commit.
      const isCommitted =
        verdict.failure === null || verdict.failure.code === "commit-leave-failed";
      await installer?.cleanUp({ tree, log, isCommitted }, signal);
    }),
    () => removeWorkFiles(deps.paths.dataDir),
    () => removeArtifactScripts(deps.paths.scriptsDir),
  ];
  for (const step of steps) {
    try {
      await step();
    } catch (cause) {
      signal.throwIfAborted();
      log.warn("clean-up-incomplete", { error: errorChain(cause) });
    }
  }
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
