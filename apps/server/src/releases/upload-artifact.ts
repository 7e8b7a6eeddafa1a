import { present, type BlobWriter, type Clock } from "@moult/base";
import type {
  Artifact,
  ArtifactId,
  ChannelName,
  ProductName,
  Release,
  ReleaseId,
} from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import { isoFrom } from "../platform/columns.ts";
import { appendEvent } from "../platform/events.ts";
import { newId } from "../platform/new-id.ts";
import type { StreamBody } from "../platform/operation-handler.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { isSameRule, signatureRule, type SignatureRule } from "../products/index.ts";
import { decideArtifact } from "./decide-artifact.ts";
import { describeArtifact, fitDigest } from "./describe-artifact.ts";
import { ensureRelease, fitsOf, insertArtifact, releaseById } from "./queries.ts";
import { receiveArtifact, type ReceivedArtifact } from "./receive-artifact.ts";
import type { ReferencedBlobs } from "./referenced-blobs.ts";

export interface UploadDeps {
  readonly clock: Clock;
  readonly blobs: ReferencedBlobs;
  /** Of a whole artifact as stored. */
  readonly artifactBytesMax: number;
}

export interface Uploaded {
  readonly release: Release;
  readonly artifact: Artifact;
  readonly created: boolean;
}

/** How content that is on the disk already is taken in. */
export interface Adoption {
  begin(): BlobWriter | Promise<BlobWriter>;
  /** Runs in the transaction that makes the artifact known. */
  conclude(db: TenantDb, uploaded: Uploaded): Promise<void>;
}

/**
 * Takes an artifact in: verified while it arrives, durable before it is known, known all at once. Whatever goes wrong
 * before the last commit leaves neither rows nor content.
 */
export async function uploadArtifact(
  db: TenantDb,
  place: { readonly product: ProductName; readonly channel: ChannelName },
  body: StreamBody,
  deps: UploadDeps,
  adoption?: Adoption,
): Promise<Uploaded> {
  const rule = await ruleOrRefusal(db, place.product);
  const writer = await (adoption === undefined ? deps.blobs.begin() : adoption.begin());
  try {
    const received = await receiveArtifact(body, writer, rule, deps.artifactBytesMax);
    const artifact = artifactOrRefusal(received, place, deps.clock);
    return await deps.blobs.keep(writer, artifact.sha256, () =>
      db.transaction(async (inner) => {
        const uploaded = await publish(inner, place, received, artifact, rule, deps.clock);
        await adoption?.conclude(inner, uploaded);
        return uploaded;
      }),
    );
  } finally {
    await writer.discard();
  }
}

async function publish(
  db: TenantDb,
  { product, channel }: { readonly product: ProductName; readonly channel: ChannelName },
  { version }: ReceivedArtifact,
  artifact: Artifact,
  rule: SignatureRule,
  clock: Clock,
): Promise<Uploaded> {
  if (!isSameRule(rule, await ruleOrRefusal(db, product)))
    throw new ApiError(
      "unavailable",
      "The product's signature rule was changed during the upload; upload the file again.",
    );
  const at = clock.now();
  const releaseId = await ensureRelease(db, {
    id: newId<ReleaseId>(at),
    product,
    channel,
    version,
    createdAt: at,
  });
  const fit = fitDigest(artifact);
  const before = present(await releaseById(db, releaseId), "the release is held");
  const decision = decideArtifact(artifact, before.artifacts, await fitsOf(db, releaseId, fit));
  switch (decision.kind) {
    case "identical":
      return { release: before, artifact: decision.artifact, created: false };
    case "differs":
      throw new ApiError(
        "artifact-differs",
        `${version} has another artifact for ${decision.hardwareTypes.join(", ")} with the same depends: ${decision.artifact.id} (sha256 ${decision.artifact.sha256}). Give this build a version of its own, or delete that artifact first.`,
      );
    case "new":
      await insertArtifact(db, releaseId, artifact, fit);
      await appendEvent(db, { at, body: { kind: "release-changed", releaseId, version } });
      await raisePlanningEpoch(db);
      return {
        release: { ...before, artifacts: [...before.artifacts, artifact] },
        artifact,
        created: true,
      };
  }
}

async function ruleOrRefusal(db: TenantDb, product: ProductName): Promise<SignatureRule> {
  const rule = await signatureRule(db, product);
  if (rule === undefined)
    throw new ApiError("not-found", `There is no product "${product}"; create it first.`);
  return rule;
}

function artifactOrRefusal(
  { summary, bare, version }: ReceivedArtifact,
  place: { readonly product: ProductName; readonly channel: ChannelName },
  clock: Clock,
): Artifact {
  const at = clock.now();
  const described = describeArtifact(summary, bare, {
    ...place,
    id: newId<ArtifactId>(at),
    version,
    createdAt: isoFrom(at),
  });
  if (described.kind === "unusable") throw new ApiError("artifact-invalid", described.detail);
  return described.artifact;
}
