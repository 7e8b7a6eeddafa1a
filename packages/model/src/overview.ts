import * as z from "zod";
import { Deployment } from "./deployment.ts";
import { DeviceContact, DeviceState } from "./device.ts";
import { FleetEvent } from "./event.ts";
import { DeploymentId } from "./ids.ts";
import { Instant, ProductName } from "./names.ts";

/** Something that waits for a person. */
export const FleetNeed = z.object({
  kind: z.enum([
    "deployment-tripped",
    "identity-conflict",
    "deployment-paused",
    "trust-expiring",
    "proposals-waiting",
    "devices-pending",
    "keys-pending",
  ]),
  sentence: z.string(),
  /** How many failed, conflict, expire, wait. */
  count: z.int().min(0),
  deploymentId: DeploymentId.nullable(),
});
export type FleetNeed = z.infer<typeof FleetNeed>;

/** Where a fleet stands, for whoever comes to it. */
export const Overview = z.object({
  /** All of it in one sentence. */
  headline: z.string(),
  /** The most urgent first. */
  needs: z.array(FleetNeed),
  /** The newest running deployments, at most 10. */
  moving: z.array(Deployment),
  /**
   * Accepted devices by what they run: every version that a running deployment brings, however few run it, and the most
   * frequent others.
   */
  byRunning: z.array(
    z.object({
      product: ProductName,
      artifactName: z.string().nullable(),
      count: z.int().min(0),
      /** A running deployment brings it. */
      isMoving: z.boolean(),
    }),
  ),
  /** What `byRunning` leaves out. */
  otherRunning: z.object({ versions: z.int().min(0), count: z.int().min(0) }),
  byState: z.record(DeviceState, z.int()),
  /** Of the accepted devices. */
  byContact: z.record(DeviceContact, z.int()),
  /** The newest first, at most 10; not what every device does in every update. */
  recent: z.array(FleetEvent),
  /** What of the way from an empty server to the first update is done. */
  firstSteps: z.object({
    hasProduct: z.boolean(),
    hasDevice: z.boolean(),
    hasRelease: z.boolean(),
    hasDeployment: z.boolean(),
    hasSuccess: z.boolean(),
  }),
  /** When devices were counted. */
  asOf: Instant,
});
export type Overview = z.infer<typeof Overview>;
