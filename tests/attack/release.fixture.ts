import { inspectArtifact } from "@moult/artifact";
import { singleFileArtifact } from "../system/agent-artifact.fixture.ts";
import { DEV, PROD, PRODUCT, sha256Of, type Repository } from "./repository.fixture.ts";

/** The place of the one file that releases of these attacks install: what is in it is what the device runs. */
export const PROGRAM = "/opt/app/program";
export const HARDWARE = "gw2-rev-a";

/** A release on its way into a repository; everything is as an honest operator has it unless said otherwise. */
export interface ReleaseWish {
  readonly version: string;
  readonly role?: string;
  readonly content?: Buffer;
  /** What the artifact itself says it fits, which is not what the repository's signers say. */
  readonly deviceType?: string;
  /** Over what the signers say of it. */
  readonly custom?: Readonly<Record<string, unknown>>;
  /** Changes the whole entry of the target. */
  readonly alter?: (entry: TargetEntry) => object;
}

interface TargetEntry {
  readonly length: number;
  readonly hashes: Readonly<Record<string, string>>;
  readonly custom?: unknown;
}

export interface Release {
  readonly version: string;
  readonly path: string;
  readonly bytes: Buffer;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** What the program is once this is installed. */
  readonly content: Buffer;
  /** The entry in the targets of its role. */
  readonly entry: TargetEntry;
}

/** Builds an artifact and what its signers would say of it; nothing is published yet. */
export async function buildRelease(wish: ReleaseWish): Promise<Release> {
  const { version, role = PROD, deviceType = HARDWARE } = wish;
  const content = wish.content ?? Buffer.from(`program of release ${version}`);
  const bytes = await singleFileArtifact({
    artifactName: version,
    destination: PROGRAM,
    content,
    deviceType,
    compression: "none",
  });
  const sha256 = sha256Of(bytes);
  const entry = { length: bytes.length, hashes: { sha256 }, custom: await customOf(bytes, wish) };
  return {
    version,
    path: `${PRODUCT}/${role === DEV ? "dev" : "prod"}/${version}/${sha256}.mender`,
    bytes,
    sha256,
    sizeBytes: bytes.length,
    content,
    entry: (wish.alter?.(entry) ?? entry) as TargetEntry,
  };
}

async function customOf(bytes: Buffer, { version, custom = {} }: ReleaseWish) {
  const { head, files } = await inspectArtifact(chunksOf(bytes));
  const moult = {
    version,
    hardwareTypes: [HARDWARE],
    component: "main",
    format: "mender",
    securityCounter: 1,
    requires: {},
    conflicts: {},
    headSha256: head.sha256,
    payloads: head.payloads.map(({ index, type }) => ({
      type,
      files: files
        .filter(({ payloadIndex }) => payloadIndex === index)
        .map(({ name, sizeBytes, sha256 }) => ({ name, sizeBytes, sha256 })),
    })),
    ...custom,
  };
  return { moult };
}

async function* chunksOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Takes a release into its role, signed by the role's offline keys, and into a new snapshot. */
export async function publish(
  repository: Repository,
  releases: readonly Release[],
  role = PROD,
): Promise<void> {
  const targets = repository.targets[role] ?? {};
  for (const { path, entry } of releases) Object.assign(targets, { [path]: entry });
  repository.targets[role] = targets;
  await repository.publishRole(role);
  await repository.renew();
}
