import type { InstantMs } from "@moult/base";
import type { DeploymentId, Provides, WaitReason } from "@moult/model";
import { chooseArtifact, type Taker } from "./choose-artifact.ts";
import type { ArtifactFacts } from "./facts.ts";

/** Why a device could not go back: the release is not here, or the device would not take it then. */
export type RollbackObstacle = { readonly kind: "no-release" } | WaitReason;

/**
 * What would keep a device from going back to a release after an update that it has not had yet; null where nothing
 * would. It is then the device that the update makes of it: with the update's security counter and with what the update
 * provides.
 */
export function rollbackObstacle(
  device: Taker,
  update: { readonly version: string; readonly artifact: ArtifactFacts },
  back: readonly ArtifactFacts[] | null,
  { deploymentId, now }: { readonly deploymentId: DeploymentId; readonly now: InstantMs },
): RollbackObstacle | null {
  if (back === null || back.length === 0) return { kind: "no-release" };
  const choice = chooseArtifact(deploymentId, back, afterUpdate(device, update), now);
  return choice.kind === "fits" ? null : choice.reason;
}

function afterUpdate(
  device: Taker,
  { version, artifact }: { readonly version: string; readonly artifact: ArtifactFacts },
): Taker {
  const { traits, running } = device;
  const counter = Math.max(traits?.securityCounter ?? 0, artifact.terms?.securityCounter ?? 0);
  return {
    ...device,
    traits: traits === null ? null : { ...traits, securityCounter: counter },
    running: { artifactName: version, provides: providesAfter(running?.provides ?? {}, artifact) },
  };
}

/** Mender Artifact v3: what an artifact clears goes (`*` at the end stands for anything), then what it provides comes. */
function providesAfter(
  before: Provides,
  { provides, clearsProvides }: Pick<ArtifactFacts, "provides" | "clearsProvides">,
): Provides {
  const isCleared = (name: string): boolean =>
    clearsProvides.some((pattern) =>
      pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
    );
  return {
    ...Object.fromEntries(Object.entries(before).filter(([name]) => !isCleared(name))),
    ...provides,
  };
}
