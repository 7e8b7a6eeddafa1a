import type { Artifact, ArtifactId, HardwareType } from "@moult/model";

/** An artifact for a release that may have others. */
export type ArtifactDecision =
  | { readonly kind: "new" }
  /** The release has this very file. */
  | { readonly kind: "identical"; readonly artifact: Artifact }
  /** Devices of these hardware types could not tell which of the two is theirs. */
  | {
      readonly kind: "differs";
      readonly hardwareTypes: readonly HardwareType[];
      readonly artifact: Artifact;
    };

/**
 * Whether an artifact may join a release. `fits` says which of the release's artifacts serve which hardware types with the
 * candidate's depends.
 */
export function decideArtifact(
  candidate: Pick<Artifact, "sha256" | "hardwareTypes">,
  present: readonly Artifact[],
  fits: readonly { readonly hardwareType: HardwareType; readonly artifactId: ArtifactId }[],
): ArtifactDecision {
  const identical = present.find(({ sha256 }) => sha256 === candidate.sha256);
  if (identical !== undefined) return { kind: "identical", artifact: identical };

  const clashes = fits.filter(({ hardwareType }) => candidate.hardwareTypes.includes(hardwareType));
  const artifact = present.find(({ id }) => id === clashes[0]?.artifactId);
  if (artifact === undefined) return { kind: "new" };
  return {
    kind: "differs",
    hardwareTypes: clashes.map(({ hardwareType }) => hardwareType),
    artifact,
  };
}
