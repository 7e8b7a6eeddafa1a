import { createHash } from "node:crypto";
import { readArtifact, ArtifactError } from "@moult/artifact";
import { instant, type Clock, type Log } from "@moult/base";
import { Sha256 } from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import {
  openTrust,
  type TargetResult,
  type TrustSource,
  type TrustState,
  type TrustStore,
} from "@moult/trust";
import { fileChunks } from "../installers/file-chunks.ts";
import { InstallError } from "../installers/install-error.ts";
import { folderSource } from "./folder-source.ts";
import { storeSource } from "./store-source.ts";

export interface FileTrustDeps {
  readonly store: TrustStore;
  readonly provisionedRoot: Uint8Array;
  readonly pathPrefix: string;
  readonly clock: Clock;
  readonly log: Log;
}

interface LookedUp {
  readonly found: TargetResult;
  readonly state: TrustState;
}

/** What signed metadata say of a file that somebody brought. */
export interface FoundFile extends LookedUp {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: Sha256;
  /** The first role on the way that has expired by this device's clock. */
  readonly expiredRole: string | null;
}

/** By it nothing has expired. */
const STOPPED: Clock = { now: () => instant(0) };

/**
 * Looks up a file by the name inside it and its digest: in the metadata that came with it, then in what this device has
 * stored. Metadata that have expired are good enough for a person who stands at the device, who is told; nothing else about
 * them is relaxed, and a stored version is never replaced by an older one.
 */
export async function findFile(
  deps: FileTrustDeps,
  file: string,
  metadataDir: string | null,
): Promise<FoundFile> {
  const { artifactName, sizeBytes, sha256 } = await identify(file);
  const path = `${deps.pathPrefix}${artifactName}/${sha256}.mender`;
  const stored = storeSource(deps.store);
  let looked = await lookUp(deps, metadataDir === null ? stored : folderSource(metadataDir), path);
  if (looked.found.kind !== "found" && metadataDir !== null) {
    deps.log.warn("metadata-of-no-use", { metadataDir, ...looked.found });
    const again = await lookUp(deps, stored, path);
    if (again.found.kind === "found") looked = again;
  }
  return { path, sizeBytes, sha256, ...looked, expiredRole: expiredRole(looked, deps.clock) };
}

/** By a client of its own: the one that follows the server goes by the clock. */
async function lookUp(
  { store, provisionedRoot }: FileTrustDeps,
  source: TrustSource,
  path: string,
): Promise<LookedUp> {
  const trust = await openTrust({ store, provisionedRoot, crypto: nodeCrypto, clock: STOPPED });
  const refreshed = await trust.refresh(source);
  const found = refreshed.kind === "refused" ? refreshed : await trust.target(source, path);
  // A device that never fetched any, or a folder without them: nobody has said anything about this file.
  const isNothingThere = found.kind === "refused" && found.rule === "file-missing";
  return { found: isNothingThere ? { kind: "not-found" } : found, state: trust.state() };
}

function expiredRole({ state }: LookedUp, clock: Clock): string | null {
  const now = clock.now();
  return state.roles.find(({ expiresAt }) => expiresAt <= now)?.role ?? null;
}

/** The name of the artifact in a file and the file's digest. What is installed later is read and digested again. */
async function identify(file: string) {
  const digest = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of fileChunks(file)) {
    digest.update(chunk);
    sizeBytes += chunk.length;
  }
  try {
    const reading = await readArtifact(fileChunks(file));
    await reading.close();
    const { artifactName } = reading.head;
    return { artifactName, sizeBytes, sha256: Sha256.parse(digest.digest("hex")) };
  } catch (cause) {
    if (!(cause instanceof ArtifactError) || cause.code === "source-failed") throw cause;
    throw new InstallError("artifact-invalid", cause.message, { cause });
  }
}
