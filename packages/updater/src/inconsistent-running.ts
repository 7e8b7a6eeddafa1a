import type { Running } from "@moult/model";
import type { OpenedArtifact } from "./update-state.ts";

/** Mender's mark on the name of software that is neither the old nor, surely, the new. */
const INCONSISTENT = "_INCONSISTENT";

/** The longest `artifactName` that a device may report. */
const NAME_CHARACTERS_MAX = 256;

/**
 * What a device says it runs when `artifact` could neither be made to work nor be taken back. Its other provides stay as
 * they were: what depends on them is refused rather than guessed.
 */
export function inconsistentRunning(running: Running, artifact: OpenedArtifact): Running {
  const room = NAME_CHARACTERS_MAX - INCONSISTENT.length;
  const artifactName = artifact.name.slice(0, room) + INCONSISTENT;
  const group = artifact.runningAfter.provides["artifact_group"];
  return {
    artifactName,
    provides: {
      ...running.provides,
      artifact_name: artifactName,
      ...(group === undefined ? {} : { artifact_group: group }),
    },
  };
}
