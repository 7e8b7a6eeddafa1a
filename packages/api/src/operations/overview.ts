import { Overview, ProductName } from "@moult/model";
import * as z from "zod";
import { operation } from "../operation.ts";

export const overviewOperations = {
  showOverview: operation({
    id: "showOverview",
    summary: "What needs somebody, what is moving, and what the fleet runs",
    method: "GET",
    path: "/overview",
    permission: "fleet:read",
    query: z.object({ product: ProductName.optional() }),
    replyKind: "json",
    reply: Overview,
    errors: [],
  }),
} as const;
