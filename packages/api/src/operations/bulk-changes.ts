import { BulkAction, BulkChange, BulkChangeId, BulkRefusal, DeviceId } from "@moult/model";
import * as z from "zod";
import { DeviceFilter } from "../device-filter.ts";
import { PageQuery, operation, pageOf } from "../operation.ts";

/** Named one by one, or all that a filter fits but some. */
export const DeviceSelection = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("ids"), deviceIds: z.array(DeviceId).min(1).max(1_000) }),
  z.strictObject({
    kind: z.literal("matching"),
    filter: DeviceFilter,
    exceptIds: z.array(DeviceId).max(1_000).default([]),
  }),
]);
export type DeviceSelection = z.infer<typeof DeviceSelection>;

export const BulkRehearsal = z.object({
  /** Devices that the selection means now. */
  matches: z.int().min(0),
  changes: z.int().min(0),
  /** Those that are as the action wants them already. */
  unchanged: z.int().min(0),
  refused: z.array(BulkRefusal),
  /** Of those that change, how many are in an update. */
  updating: z.int().min(0),
  /** Some of those that change. */
  samples: z.array(z.object({ id: DeviceId, name: z.string() })).max(5),
  /** What will happen, and what will not, in plain words. */
  sentence: z.string(),
});
export type BulkRehearsal = z.infer<typeof BulkRehearsal>;

const params = z.object({ bulkChangeId: BulkChangeId });

export const bulkChangeOperations = {
  rehearseBulkChange: operation({
    id: "rehearseBulkChange",
    summary: "Say what an action would do to many devices, and change nothing",
    method: "POST",
    path: "/bulk-changes/rehearsal",
    permission: "devices:write",
    body: z.strictObject({ selection: DeviceSelection, action: BulkAction }),
    replyKind: "json",
    reply: BulkRehearsal,
    errors: ["not-found"],
  }),
  startBulkChange: operation({
    id: "startBulkChange",
    summary: "Begin an action on many devices; it goes on by itself",
    method: "POST",
    path: "/bulk-changes",
    permission: "devices:write",
    body: z.strictObject({
      selection: DeviceSelection,
      action: BulkAction,
      /** What the rehearsal gave as `matches`; with any other number nothing begins. */
      expectedMatches: z.int().min(0),
    }),
    replyKind: "json",
    reply: BulkChange,
    errors: ["not-found", "count-changed"],
  }),
  showBulkChange: operation({
    id: "showBulkChange",
    summary: "How far an action on many devices is",
    method: "GET",
    path: "/bulk-changes/{bulkChangeId}",
    permission: "fleet:read",
    params,
    replyKind: "json",
    reply: BulkChange,
    errors: ["not-found"],
  }),
  listBulkChanges: operation({
    id: "listBulkChanges",
    summary: "Actions on many devices, newest first",
    method: "GET",
    path: "/bulk-changes",
    permission: "fleet:read",
    query: PageQuery,
    replyKind: "json",
    reply: pageOf(BulkChange),
    errors: [],
  }),
} as const;
