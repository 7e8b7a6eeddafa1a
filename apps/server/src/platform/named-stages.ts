import { GroupId } from "@moult/model";
import * as z from "zod";

/**
 * Whom the first stages of a plan name, one for each, as a deployment's row keeps it: a group by list (`query` null), a group by query,
 * which follows its group until the deployment is over, or a query of the plan's own (`groupId` null).
 */
export const StoredNamedStages = z.array(
  z.object({ groupId: GroupId.nullable(), query: z.string().nullable() }),
);
export type StoredNamedStages = z.infer<typeof StoredNamedStages>;
