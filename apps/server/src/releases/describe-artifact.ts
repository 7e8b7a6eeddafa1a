import { hash } from "node:crypto";
import type { ArtifactHead, ArtifactSummary } from "@moult/artifact";
import {
  Artifact,
  HardwareType,
  ReleaseVersion,
  Sha256,
  artifactPath,
  bareTypeOf,
  roleOfChannel,
  type ArtifactId,
  type ChannelName,
  type ProductName,
} from "@moult/model";
import type { BareFiles } from "./bare-files.ts";

/** What a head says the release is called, or why Moult cannot use what it says. */
export type HeadNames =
  | { readonly kind: "usable"; readonly version: ReleaseVersion }
  | { readonly kind: "unusable"; readonly detail: string };

/**
 * Checks the names inside an artifact. They become path segments and file names on devices, so Moult's alphabet is narrower
 * than the format's.
 */
export function readHeadNames(head: ArtifactHead): HeadNames {
  const version = ReleaseVersion.safeParse(head.artifactName);
  if (!version.success)
    return unusable("artifact name", head.artifactName, version.error.issues[0]?.message);
  for (const deviceType of head.deviceTypes) {
    const hardwareType = HardwareType.safeParse(deviceType);
    if (!hardwareType.success)
      return unusable("device type", deviceType, hardwareType.error.issues[0]?.message);
  }
  return { kind: "usable", version: version.data };
}

/** The artifact as it is kept, or what of it is beyond Moult's limits. */
export type ArtifactDescribed =
  | { readonly kind: "usable"; readonly artifact: Artifact }
  | { readonly kind: "unusable"; readonly detail: string };

export function describeArtifact(
  summary: ArtifactSummary,
  bare: BareFiles,
  place: {
    readonly id: ArtifactId;
    readonly product: ProductName;
    readonly channel: ChannelName;
    readonly version: ReleaseVersion;
    readonly createdAt: string;
  },
): ArtifactDescribed {
  const { head } = summary;
  const sha256 = Sha256.parse(summary.sha256);
  const read = Artifact.safeParse({
    id: place.id,
    path: artifactPath(place.product, place.channel, place.version, sha256),
    sha256,
    sizeBytes: summary.sizeBytes,
    headSha256: head.sha256,
    hardwareTypes: [...new Set(head.deviceTypes)],
    depends: head.depends,
    provides: head.provides,
    clearsProvides: head.clearsProvides,
    payloads: head.payloads.map(({ index, type }) => ({
      type,
      files: summary.files
        .map((file, at) => ({ ...file, bare: bare.get(at) }))
        .filter(({ payloadIndex }) => payloadIndex === index),
    })),
    scripts: head.scripts.map(({ name }) => name),
    signature: head.signature.kind,
    trust: {
      state: "unsigned",
      role: roleOfChannel(place.product, place.channel),
      roleVersion: null,
    },
    createdAt: place.createdAt,
  });
  if (read.success) return { kind: "usable", artifact: read.data };
  const issue = read.error.issues[0];
  return {
    kind: "unusable",
    detail: `Its ${issue?.path.join(".") ?? "description"} is beyond what Moult keeps: ${issue?.message ?? "invalid"}.`,
  };
}

/**
 * What else decides whom an artifact is for, beside its hardware type, as one value: two artifacts of a release with the same
 * one would both be right for a device. A file of SWUpdate or RAUC is for other clients than an artifact, on the same hardware.
 */
export function fitDigest({ depends, payloads }: Pick<Artifact, "depends" | "payloads">): Sha256 {
  const others = Object.entries(depends)
    .filter(([name]) => name !== "device_type")
    .map(([name, values]) => [name, [...new Set(values)].toSorted()] as const)
    .toSorted(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
  return Sha256.parse(hash("sha256", JSON.stringify(others) + (bareTypeOf(payloads) ?? "")));
}

const unusable = (what: string, value: string, rule: string | undefined) =>
  ({
    kind: "unusable",
    detail: `Its ${what} ${JSON.stringify(value.slice(0, 200))} cannot be used (${rule ?? "invalid"}); write the artifact again with another one.`,
  }) as const;
