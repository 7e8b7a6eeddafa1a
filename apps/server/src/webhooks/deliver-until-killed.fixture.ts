import { instant } from "@moult/base";
import { openDatabase, type DatabasePlace } from "../platform/database.ts";
import { createWebhookTender } from "./tend-webhooks.ts";
import type { Webhook } from "./send-webhook.ts";

// A server that delivers and is killed while it does.

const { place, tenantId, url, now } = JSON.parse(process.argv[2] ?? "") as {
  place: DatabasePlace;
  tenantId: Parameters<Awaited<ReturnType<typeof openDatabase>>["tenant"]>[0];
  url: string;
  now: number;
};
const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const database = await openDatabase(place, log);
const webhook: Webhook = {
  id: "receiver",
  url,
  secret: new Uint8Array(32),
  allowPrivate: true,
  kinds: ["trust-role-expiring"],
};
await createWebhookTender({
  webhooks: [webhook],
  clock: { now: () => instant(now) },
  log,
  random: { fraction: () => 0 },
}).deliver(database.tenant(tenantId));
