import {
  Artifact,
  ArtifactId,
  ChannelName,
  ProductName,
  Release,
  ReleaseId,
  ReleaseVersion,
  Tally,
} from "@moult/model";
import * as z from "zod";
import { PageQuery, operation, pageOf } from "../operation.ts";

const params = z.object({ releaseId: ReleaseId });
const artifactParams = z.object({ artifactId: ArtifactId });

export const releaseOperations = {
  uploadArtifact: operation({
    id: "uploadArtifact",
    summary:
      "Upload an artifact (raw bytes); it is verified while it arrives and joins the release named by its artifact name",
    method: "POST",
    path: "/products/{product}/artifacts",
    permission: "releases:write",
    params: z.object({ product: ProductName }),
    query: z.object({ channel: ChannelName.default("prod" as ChannelName) }),
    body: "stream",
    replyKind: "json",
    reply: z.object({
      release: Release,
      artifact: Artifact,
      /** False when the identical artifact was there already. */
      created: z.boolean(),
    }),
    errors: [
      "not-found",
      "artifact-invalid",
      "artifact-unsigned",
      "artifact-signature-invalid",
      "artifact-differs",
      "upload-incomplete",
      "body-too-large",
      "disk-full",
    ],
  }),
  listReleases: operation({
    id: "listReleases",
    summary: "Releases, newest first",
    method: "GET",
    path: "/releases",
    permission: "fleet:read",
    query: PageQuery.extend({
      product: ProductName.optional(),
      channel: ChannelName.optional(),
      version: z.string().max(128).optional(),
    }),
    replyKind: "json",
    reply: pageOf(Release),
    errors: [],
  }),
  showRelease: operation({
    id: "showRelease",
    summary: "One release with its artifacts",
    method: "GET",
    path: "/releases/{releaseId}",
    permission: "fleet:read",
    params,
    replyKind: "json",
    reply: Release.extend({
      deviceCount: z.int(),
      /** Accepted devices that run it. */
      runningCount: z.int(),
      /** Accepted devices of a hardware type that it has an artifact for. */
      fitsCount: z.int(),
      /** How devices fared with it, in all its deployments. */
      outcomes: Tally.omit({ eligible: true, admitted: true }),
    }),
    errors: ["not-found"],
  }),
  changeRelease: operation({
    id: "changeRelease",
    summary: "Change a release's notes, or what it asks of devices that take it or a later one",
    method: "PATCH",
    path: "/releases/{releaseId}",
    permission: "releases:write",
    params,
    body: z
      .strictObject({
        notes: z.string().max(20_000),
        minimumFrom: ReleaseVersion.nullable(),
        mustPassThrough: z.boolean(),
      })
      .partial()
      .refine((change) => Object.keys(change).length > 0, {
        message: "notes, minimumFrom or mustPassThrough",
      }),
    replyKind: "json",
    reply: Release,
    errors: ["not-found", "release-rule-invalid"],
  }),
  deleteRelease: operation({
    id: "deleteRelease",
    summary: "Delete a release that no unfinished deployment uses",
    method: "DELETE",
    path: "/releases/{releaseId}",
    permission: "releases:write",
    params,
    replyKind: "none",
    errors: ["not-found", "in-use"],
  }),
  downloadArtifact: operation({
    id: "downloadArtifact",
    summary: "The artifact's bytes; `Range` is understood",
    method: "GET",
    path: "/artifacts/{artifactId}/content",
    permission: "fleet:read",
    params: artifactParams,
    replyKind: "stream",
    errors: ["not-found", "range-not-satisfiable"],
  }),
  deleteArtifact: operation({
    id: "deleteArtifact",
    summary: "Delete one artifact of a release that no unfinished deployment uses",
    method: "DELETE",
    path: "/artifacts/{artifactId}",
    permission: "releases:write",
    params: artifactParams,
    replyKind: "none",
    errors: ["not-found", "in-use"],
  }),
} as const;
