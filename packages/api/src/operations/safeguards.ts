import { ReleaseId, Safeguard, SafeguardId } from "@moult/model";
import * as z from "zod";
import { QueryText } from "../device-filter.ts";
import { operation } from "../operation.ts";

const ofRelease = z.object({ releaseId: ReleaseId });

export const safeguardOperations = {
  listSafeguards: operation({
    id: "listSafeguards",
    summary: "A release's safeguards: those that hold, then the newest of those that were lifted",
    method: "GET",
    path: "/releases/{releaseId}/safeguards",
    permission: "fleet:read",
    params: ofRelease,
    replyKind: "json",
    reply: z.object({ items: z.array(Safeguard) }),
    errors: ["not-found"],
  }),
  createSafeguard: operation({
    id: "createSafeguard",
    summary:
      "Keep a release from the devices that a query is true of, in every deployment, until the safeguard is lifted",
    method: "POST",
    path: "/releases/{releaseId}/safeguards",
    permission: "releases:write",
    params: ofRelease,
    body: z.strictObject({ query: QueryText, note: z.string().trim().min(1).max(1_000) }),
    replyKind: "json",
    reply: Safeguard,
    errors: ["not-found", "state-conflict"],
  }),
  liftSafeguard: operation({
    id: "liftSafeguard",
    summary: "Lift a safeguard: its devices are offered the release again",
    method: "POST",
    path: "/safeguards/{safeguardId}/lift",
    permission: "releases:write",
    params: z.object({ safeguardId: SafeguardId }),
    replyKind: "json",
    reply: Safeguard,
    errors: ["not-found", "state-conflict"],
  }),
} as const;
