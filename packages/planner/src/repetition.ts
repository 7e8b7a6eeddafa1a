import { DAY_MS, later, type InstantMs } from "@moult/base";
import type { ArtifactId, WaitReason } from "@moult/model";
import type { DeploymentFacts, PastUpdate } from "./facts.ts";

// Two ways in which deployments go on with what does not lead anywhere, each seen in what became of the same release on the
// same device before. A person who sends the device ahead lets it happen once more.

/**
 * A device that rolled back from one artifact in so many deployments does not get better by the next one; each costs it a
 * reboot into software that it does not stay in. A single one may have been a loss of power, and whoever makes a new
 * deployment means to try again, hence not one.
 */
const ROLLBACKS_MAX = 2;

/**
 * So many times within the window the device was brought from what it runs to this release, and came back each time: two
 * deployments, or people and their programs, want different things of it. Going back once is what a rollback is for. The
 * window is a week, so that releases which take turns over months are no contest.
 */
const RETURNS_MAX = 2;
const RETURNS_WINDOW_MS = 7 * DAY_MS;

/** Why a device is not offered once more what was taken back from it, or undone, before. */
export function repetition(
  { id: deploymentId, version, past }: DeploymentFacts,
  artifactId: ArtifactId,
  runs: string | null,
  now: InstantMs,
): { readonly reason: WaitReason; readonly until: InstantMs | null } | null {
  const rollbacks = rollbacksOf(past, artifactId);
  if (rollbacks >= ROLLBACKS_MAX)
    return {
      reason: { kind: "boot-loop", deploymentId, version, deployments: rollbacks },
      until: null,
    };
  const brought = past.filter(
    ({ outcome, from, endedAt }) =>
      outcome === "succeeded" &&
      from !== null &&
      from === runs &&
      later(endedAt, RETURNS_WINDOW_MS) > now,
  );
  const lastThatCounts = brought[RETURNS_MAX - 1];
  if (runs === null || lastThatCounts === undefined) return null;
  return {
    reason: { kind: "flip-flop", deploymentId, version, runs, times: brought.length },
    until: later(lastThatCounts.endedAt, RETURNS_WINDOW_MS),
  };
}

/** Of this very artifact, since the release last held: another build of the same version is another try. */
function rollbacksOf(past: readonly PastUpdate[], artifactId: ArtifactId): number {
  const held = past.findIndex(({ outcome }) => outcome === "succeeded");
  const since = held === -1 ? past : past.slice(0, held);
  return since.filter((one) => one.artifactId === artifactId).length;
}
