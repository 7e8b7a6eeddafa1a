import { ChangeNotice, DeploymentId, DeviceId, EventKind, FleetEvent } from "@moult/model";
import * as z from "zod";
import { PageQuery, operation, pageOf } from "../operation.ts";

const anyKind = `(?:${EventKind.options.join("|")})`;
/** Kinds, separated by commas. */
const Kinds = z
  .string()
  .max(1_000)
  .regex(new RegExp(`^${anyKind}(?:,${anyKind})*$`), "kinds of events, separated by commas");

export const eventOperations = {
  watchEvents: operation({
    id: "watchEvents",
    summary:
      "Everything that happens, live, as server-sent events; `Last-Event-ID` or `after` resumes",
    method: "GET",
    path: "/events",
    permission: "fleet:read",
    query: z.object({
      /** Sequence of the last event that was seen; 0 from the beginning; absent: only new ones. */
      after: z.coerce.number().int().min(0).optional(),
      deploymentId: z.uuid().optional(),
      deviceId: z.uuid().optional(),
    }),
    replyKind: "events",
    reply: FleetEvent,
    errors: [],
  }),
  watchChanges: operation({
    id: "watchChanges",
    summary:
      "What changed, live, as server-sent events: at most one message a second, without what happened in between; `Last-Event-ID` or `after` resumes",
    method: "GET",
    path: "/changes",
    permission: "fleet:read",
    query: z.object({
      /** Sequence of the last message that was seen; absent: only what changes from now on. */
      after: z.coerce.number().int().min(0).optional(),
    }),
    replyKind: "events",
    reply: ChangeNotice,
    errors: [],
  }),
  listEvents: operation({
    id: "listEvents",
    summary: "What happened, newest first: of the tenant, a deployment or a device",
    method: "GET",
    path: "/event-log",
    permission: "fleet:read",
    query: PageQuery.extend({
      deploymentId: DeploymentId.optional(),
      deviceId: DeviceId.optional(),
      /** Only these kinds, separated by commas. */
      kind: Kinds.optional(),
      /** Only what this person or key decided, by the name that the events say. */
      by: z.string().min(1).max(200).optional(),
    }),
    replyKind: "json",
    reply: pageOf(FleetEvent),
    errors: [],
  }),
} as const;
