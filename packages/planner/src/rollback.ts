import type { InstantMs } from "@moult/base";
import type { DeploymentId, Provides, ReleaseVersion, WaitReason } from "@moult/model";
import { chooseArtifact, type Taker } from "./choose-artifact.ts";
import type { ArtifactFacts, SafeguardFacts, VersionRules } from "./facts.ts";
import { brokenRule } from "./version-rules.ts";

/** Why a device could not go back: the release is not here, or the device would not take it then. */
export type RollbackObstacle = { readonly kind: "no-release" } | WaitReason;

/** A release that devices go back to, with its artifacts for their hardware. */
export interface WayBack {
  readonly version: ReleaseVersion;
  readonly artifacts: readonly ArtifactFacts[];
  readonly rules: VersionRules;
  /** The one of the release that is for the device. */
  readonly safeguard: SafeguardFacts | null;
}

export interface RollbackQuestion {
  /** Stands for the deployment in reasons. */
  readonly deploymentId: DeploymentId;
  readonly now: InstantMs;
}

/**
 * What would keep a device from going back to a release after an update that it has not had yet; null where nothing
 * would. It is then the device that the update makes of it: with the update's security counter and with what the update
 * provides.
 */
export function rollbackObstacle(
  device: Taker,
  update: { readonly version: string; readonly artifact: ArtifactFacts },
  back: WayBack | null,
  about: RollbackQuestion,
): RollbackObstacle | null {
  return wayBackObstacle(afterUpdate(device, update), back, about);
}

/** What keeps a device, as it is, from going back to a release; null where nothing does. */
export function wayBackObstacle(
  device: Taker,
  back: WayBack | null,
  { deploymentId, now }: RollbackQuestion,
): RollbackObstacle | null {
  if (back === null || back.artifacts.length === 0) return { kind: "no-release" };
  const choice = chooseArtifact(deploymentId, back.artifacts, device, now);
  if (choice.kind === "none") return choice.reason;
  const runs = device.running?.artifactName ?? null;
  const broken = brokenRule(deploymentId, back.version, back.rules, runs);
  if (broken !== undefined) return broken;
  if (back.safeguard === null) return null;
  const { id: safeguardId, note } = back.safeguard;
  return { kind: "safeguard", deploymentId, safeguardId, note };
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
