import * as z from "zod";
import { Deployment } from "./deployment.ts";
import { BulkChangeId, DeploymentId, DeviceId, GroupId, ReleaseId, UploadId } from "./ids.ts";
import { Instant, ProductName } from "./names.ts";

/**
 * What changed since the message before: what is shown of these things is old. It says that they changed, not how, so
 * that however much happens, little is said.
 */
export const ChangeNotice = z.object({
  /** Of the last event that is in it. A client that reconnects names it, and hears what changed meanwhile. */
  sequence: z.int().min(0),
  at: Instant,
  /**
   * Anything may have changed: the first message of a connection that resumes nothing, and whenever more was missed or
   * changed than can be told.
   */
  isReset: z.boolean(),
  /** At most 200. */
  deviceIds: z.array(DeviceId),
  hasMoreDevices: z.boolean(),
  deploymentIds: z.array(DeploymentId),
  releaseIds: z.array(ReleaseId),
  groupIds: z.array(GroupId),
  products: z.array(ProductName),
  bulkChangeIds: z.array(BulkChangeId),
  /** Each of them is told to its own sender alone (`showUpload`). */
  uploadIds: z.array(UploadId),
  /** Metadata of trust was published, or a proposal of it changed: seldom enough to look at all of it again. */
  hasTrustChanged: z.boolean(),
  /** People, their roles or invitations. */
  hasPeopleChanged: z.boolean(),
  /** The deployments that changed, whole; at most 20, and none whose target is a long list of devices. */
  deployments: z.array(Deployment),
});
export type ChangeNotice = z.infer<typeof ChangeNotice>;
