import { applyProvides, type ArtifactHead } from "@moult/artifact";
import type { Running } from "@moult/model";
import type { Update } from "@moult/updater";

/** Among what a device provides, so that it is committed with the rest: `file` when a person installed what runs. */
export const INSTALLED_FROM = "moult.installed-from";

/** What the device says it runs once `update` is committed. */
export function runningAfter(update: Update, running: Running, head: ArtifactHead): Running {
  const { [INSTALLED_FROM]: _before, ...provides } = applyProvides(running.provides, head);
  const from = update.kind === "standalone" ? { [INSTALLED_FROM]: "file" } : {};
  return { artifactName: head.artifactName, provides: { ...provides, ...from } };
}
