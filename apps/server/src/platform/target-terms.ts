import { GroupId } from "@moult/model";
import * as z from "zod";

/** What narrows a deployment's target, as its row keeps it; the devices that it leaves out by name are rows of their own. */
export const StoredTargetTerms = z.object({
  exclude: z
    .object({
      /** By list; who is in them is looked up. */
      groupIds: z.array(GroupId),
      /** Its own (`groupId` null), and those of groups by query, which follow their group until the deployment is over. */
      queries: z.array(z.object({ groupId: GroupId.nullable(), query: z.string() })),
      hasDevices: z.boolean(),
    })
    .nullable(),
  holdBackPercent: z.number().optional(),
});
export type StoredTargetTerms = z.infer<typeof StoredTargetTerms>;

/** Whom a target leaves out. */
export type StoredExclusion = NonNullable<StoredTargetTerms["exclude"]>;
