import * as z from "zod";
import { BulkChangeId, GroupId } from "./ids.ts";
import { Instant } from "./names.ts";

/** What is done to each of many devices; the same decisions as for one. */
export const BulkAction = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("accept") }),
  z.strictObject({ kind: z.literal("reject") }),
  z.strictObject({ kind: z.literal("decommission") }),
  z.strictObject({ kind: z.literal("add-to-group"), groupId: GroupId }),
  z.strictObject({ kind: z.literal("remove-from-group"), groupId: GroupId }),
]);
export type BulkAction = z.infer<typeof BulkAction>;

export const BulkActionKind = z.enum(BulkAction.options.map(({ shape }) => shape.kind.value));
export type BulkActionKind = z.infer<typeof BulkActionKind>;

/** Devices that are not changed, and why. */
export const BulkRefusal = z.object({ sentence: z.string(), count: z.int().min(1) });
export type BulkRefusal = z.infer<typeof BulkRefusal>;

/** One action on many devices, which were fixed when it began; it goes on by itself, also after a restart of the server. */
export const BulkChange = z.object({
  id: BulkChangeId,
  action: BulkAction,
  state: z.enum(["running", "finished"]),
  total: z.int().min(0),
  done: z.int().min(0),
  changed: z.int().min(0),
  /** Those that were as the action wants them already. */
  unchanged: z.int().min(0),
  refused: z.array(BulkRefusal),
  createdBy: z.string(),
  createdAt: Instant,
  finishedAt: Instant.nullable(),
});
export type BulkChange = z.infer<typeof BulkChange>;
