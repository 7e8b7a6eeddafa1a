import { HardwareType, ProductName, TenantId } from "@moult/model";
import * as z from "zod";

/**
 * What a device gets at the factory or by `moult device provision`, and what the server can never change: whom to call,
 * whom to trust, what it is.
 */
export const Provisioning = z.strictObject({
  version: z.literal(1),
  server: z.strictObject({
    url: z.url({ protocol: /^https?$/ }),
    /** PEM certificates that vouch for the server; absent: the system's. */
    certificateAuthority: z
      .string()
      .max(64 * 1024)
      .optional(),
  }),
  tenantId: TenantId,
  product: ProductName,
  hardwareType: HardwareType,
  /** Only artifacts under this path are for this device, for example `gw2/prod/`. */
  pathPrefix: z
    .string()
    .regex(/^[A-Za-z0-9._+/-]+\/$/)
    .max(256),
  /**
   * Text of a root.json of the tenant's repository (TUF): what the device verifies everything from, instructions included.
   * It finds newer roots by itself, each signed by the one before.
   */
  root: z
    .string()
    .min(1)
    .max(64 * 1024),
  /** PEM keys that must have signed each artifact; empty: the payload needs no signature of its own. */
  artifactKeys: z.array(z.string().max(4096)).max(16),
  /** Lets the device ask to join; absent when it was preauthorised. */
  enrolmentToken: z.string().max(256).optional(),
});
export type Provisioning = z.infer<typeof Provisioning>;
