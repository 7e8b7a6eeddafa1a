import type { InstantMs } from "@moult/base";
import {
  bareTypeOf,
  type ClientTraits,
  type DeploymentId,
  type HardwareType,
  type Running,
  type WaitReason,
} from "@moult/model";
import type { ArtifactFacts } from "./facts.ts";
import { refusedTerm } from "./signed-terms.ts";

/** What decides which artifact of a release a device can take. */
export interface Taker {
  readonly hardwareType: HardwareType;
  readonly traits: ClientTraits | null;
  readonly running: Running | null;
}

export type ArtifactChoice =
  | { readonly kind: "fits"; readonly artifact: ArtifactFacts }
  | { readonly kind: "none"; readonly reason: WaitReason; readonly until: InstantMs | null };

/** What stands between a device and an artifact; `step` says how far it came, `until` when that is over by itself. */
interface Obstacle {
  readonly step: number;
  readonly reason: WaitReason;
  readonly until?: InstantMs;
}

/**
 * The artifact of a release for a device: of those it can take, the smallest, so that a partial update wins over a full
 * image where its depends are met. A file of another maker's client comes last: devices that read artifacts may have a module for
 * it, or not say which they have, and it is in the release for others. When none fits, the reason is that of the artifact that
 * came closest.
 */
export function chooseArtifact(
  deploymentId: DeploymentId,
  artifacts: readonly ArtifactFacts[],
  taker: Taker,
  now: InstantMs,
): ArtifactChoice {
  const { hardwareType } = taker;
  let closest: Obstacle = {
    step: 0,
    reason: { kind: "no-artifact-for-hardware", deploymentId, hardwareType },
  };
  let best: ArtifactFacts | undefined;
  for (const artifact of artifacts) {
    const obstacle = obstacleOf(deploymentId, artifact, taker, now);
    if (obstacle === undefined) {
      if (best === undefined || isBetter(artifact, best)) best = artifact;
    } else if (isCloser(obstacle, closest)) closest = obstacle;
  }
  return best === undefined
    ? { kind: "none", reason: closest.reason, until: closest.until ?? null }
    : { kind: "fits", artifact: best };
}

/** In the end by id, so that the same facts give the same answer whatever order they were read in. */
function isBetter(left: ArtifactFacts, right: ArtifactFacts): boolean {
  const isForOthers = bareTypeOf(left.payloads) !== null;
  if (isForOthers !== (bareTypeOf(right.payloads) !== null)) return !isForOthers;
  return left.sizeBytes === right.sizeBytes ? left.id < right.id : left.sizeBytes < right.sizeBytes;
}

/** Of those that time alone takes away, the one that is over first. */
const isCloser = (left: Obstacle, right: Obstacle): boolean =>
  left.step === right.step
    ? left.until !== undefined && right.until !== undefined && left.until < right.until
    : left.step > right.step;

/** The first thing that stands between the device and this artifact. */
function obstacleOf(
  deploymentId: DeploymentId,
  artifact: ArtifactFacts,
  { hardwareType, traits, running }: Taker,
  now: InstantMs,
): Obstacle | undefined {
  if (!artifact.hardwareTypes.includes(hardwareType))
    return { step: 0, reason: { kind: "no-artifact-for-hardware", deploymentId, hardwareType } };

  const unsuited = clientObstacle(deploymentId, artifact, traits);
  if (unsuited !== undefined) return unsuited;
  const provides = providesOf(hardwareType, running);
  for (const [name, wanted] of Object.entries(artifact.depends)) {
    const provided = provides.get(name) ?? null;
    if (provided === null || !wanted.includes(provided))
      return { step: 3, reason: { kind: "depends-unmet", deploymentId, name, wanted, provided } };
  }
  if (traits?.trust !== "end-to-end") return undefined;
  if (artifact.trust.state !== "published")
    return {
      step: 4,
      reason: {
        kind: artifact.trust.state === "expired" ? "trust-expired" : "release-not-signed",
        deploymentId,
        path: artifact.path,
      },
    };
  const refused = refusedTerm(deploymentId, artifact.terms, traits, provides, now);
  return refused === undefined ? undefined : { step: 5 + refused.term, ...refused };
}

/** Whether a device's client can take it, whatever the device is and runs. */
export const isTakenByClient = (
  deploymentId: DeploymentId,
  artifact: ArtifactFacts,
  traits: ClientTraits | null,
): boolean => clientObstacle(deploymentId, artifact, traits) === undefined;

/** What stands between a device's client and this artifact. */
function clientObstacle(
  deploymentId: DeploymentId,
  artifact: ArtifactFacts,
  traits: ClientTraits | null,
): Obstacle | undefined {
  const { path } = artifact;
  if (traits !== null && !path.startsWith(traits.pathPrefix)) {
    const { pathPrefix } = traits;
    return { step: 1, reason: { kind: "outside-path-prefix", deploymentId, pathPrefix, path } };
  }

  const known = traits?.payloadTypes ?? null;
  const payloadTypes = artifact.payloads.flatMap(({ type }) =>
    type === null || known === null || known.includes(type) ? [] : [type],
  );
  if (payloadTypes.length > 0)
    return { step: 2, reason: { kind: "payload-type-unsupported", deploymentId, payloadTypes } };
  if (traits?.bareFiles === true && !isBare(artifact))
    return { step: 2, reason: { kind: "payload-not-bare", deploymentId } };
  return undefined;
}

/** Whether its one payload's files can be had without it. */
const isBare = ({ payloads: [payload, second] }: ArtifactFacts): boolean =>
  payload !== undefined &&
  second === undefined &&
  payload.files.length > 0 &&
  payload.files.every(({ bare }) => bare !== undefined);

/**
 * The device is right for the release and waits for the people with the keys, or for the instant they named. An older
 * deployment does not go before it meanwhile: it would bring a release that is about to be replaced.
 */
export const waitsForSigners = ({ kind }: WaitReason): boolean =>
  kind === "release-not-signed" || kind === "trust-expired" || kind === "too-early";

/** Whether a device that takes only what offline keys signed would refuse this by now. */
export function isRefusedBySigners(
  deploymentId: DeploymentId,
  { trust, terms }: ArtifactFacts,
  { hardwareType, traits, running }: Taker,
  now: InstantMs,
): boolean {
  if (traits?.trust !== "end-to-end") return false;
  if (trust.state !== "published") return true;
  const provides = providesOf(hardwareType, running);
  return refusedTerm(deploymentId, terms, traits, provides, now) !== undefined;
}

/** What a device provides: what it reported, its artifact's name, and its own type (Mender Artifact v3, `device_type`). */
function providesOf(
  hardwareType: HardwareType,
  running: Running | null,
): ReadonlyMap<string, string> {
  const provides = new Map(Object.entries(running?.provides ?? {}));
  if (running !== null) provides.set("artifact_name", running.artifactName);
  provides.set("device_type", hardwareType);
  return provides;
}
