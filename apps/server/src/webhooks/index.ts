export { openWebhooks } from "./open-webhooks.ts";
export { createWebhookTender } from "./tend-webhooks.ts";
