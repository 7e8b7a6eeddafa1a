import * as z from "zod";
import { ReleaseId, SafeguardId } from "./ids.ts";
import { Instant } from "./names.ts";

/** Devices that a query is true of are not offered a release, by any deployment, until the safeguard is lifted. */
export const Safeguard = z.object({
  id: SafeguardId,
  releaseId: ReleaseId,
  query: z.string(),
  /** What is known to happen on such devices. */
  note: z.string(),
  createdBy: z.string(),
  createdAt: Instant,
  liftedBy: z.string().nullable(),
  /** Null while it holds. */
  liftedAt: Instant.nullable(),
});
export type Safeguard = z.infer<typeof Safeguard>;
