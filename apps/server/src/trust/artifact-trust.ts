import {
  roleOfChannel,
  type ArtifactId,
  type ArtifactTrust,
  type ChannelName,
  type ProductName,
} from "@moult/model";
import * as z from "zod";
import type { TenantDb } from "../platform/tenant-db.ts";
import { openProposalFiles, targetsOfArtifacts } from "./artifact-queries.ts";

interface Located {
  readonly id: ArtifactId;
  readonly path: string;
}

const Listed = z.object({ targets: z.record(z.string(), z.unknown()) });

/** The role that lists an artifact, or would; its path begins with product and channel. */
function roleOfPath(path: string): string {
  const [product = "", channel = ""] = path.split("/");
  return roleOfChannel(product as ProductName, channel as ChannelName);
}

/** What has been signed of each of these artifacts. */
export async function artifactTrust(
  db: TenantDb,
  artifacts: readonly Located[],
): Promise<ReadonlyMap<ArtifactId, ArtifactTrust>> {
  const trust = new Map<ArtifactId, ArtifactTrust>();
  if (artifacts.length === 0) return trust;
  const published = await targetsOfArtifacts(
    db,
    artifacts.map(({ id }) => id),
  );
  const roles = [...new Set(artifacts.map(({ path }) => roleOfPath(path)))];
  const proposed = (await openProposalFiles(db, roles)).map((signed) =>
    Listed.safeParse(JSON.parse(signed)),
  );
  for (const { id, path } of artifacts) {
    const target = published.get(id);
    const isProposed = proposed.some(
      ({ data }) => data !== undefined && Object.hasOwn(data.targets, path),
    );
    trust.set(
      id,
      target === undefined
        ? {
            state: isProposed ? "proposed" : "unsigned",
            role: roleOfPath(path),
            roleVersion: null,
          }
        : { state: "published", role: target.role, roleVersion: target.roleVersion },
    );
  }
  return trust;
}
