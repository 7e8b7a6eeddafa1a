import { present } from "@moult/base";
import type { Job } from "@moult/updater";
import type { Installation, Installer } from "../installers/installer.ts";
import type { ExecutorDeps } from "./executor-deps.ts";
import { fileTree } from "./file-tree.ts";

/** One payload of an update and what installs it. */
export interface OpenedPayload {
  readonly installer: Installer;
  readonly at: Installation;
}

/** The payloads of an update in the artifact's order, which is the order of every step forward. */
export function openPayloads(
  deps: Pick<ExecutorDeps, "installers" | "logOf" | "paths">,
  job: Job,
): Promise<readonly OpenedPayload[]> {
  const log = deps.logOf(job.update);
  return Promise.all(
    job.artifact.payloadTypes.map(async (payloadType, position) => ({
      installer: present(
        await deps.installers.find(payloadType),
        "an update is only begun for payload types that can be installed",
      ),
      at: {
        tree: fileTree(deps.paths.dataDir, position),
        job,
        reboot: job.reboots[position] ?? "none",
        log,
      },
    })),
  );
}

type Step = (payload: OpenedPayload) => Promise<void>;

/** A step of the way forward: the first payload whose step fails ends it. */
export async function inOrder(payloads: readonly OpenedPayload[], step: Step): Promise<void> {
  for (const payload of payloads) await step(payload);
}

/**
 * A step of the way back, in reverse order. One payload that cannot be taken back keeps none of the others from it: the
 * first failure is told when all were tried.
 */
export async function inReverse(
  payloads: readonly OpenedPayload[],
  signal: AbortSignal,
  step: Step,
): Promise<void> {
  const failures: unknown[] = [];
  for (const payload of payloads.toReversed()) {
    try {
      await step(payload);
    } catch (cause) {
      signal.throwIfAborted();
      failures.push(cause);
    }
  }
  if (failures.length > 0) throw failures[0];
}
