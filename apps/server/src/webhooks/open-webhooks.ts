import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { AppError } from "@moult/base";
import type { ServerConfig } from "../config.ts";
import type { Webhook } from "./send-webhook.ts";

/** What a webhook's secret is missing; the secret itself is in no message. */
class WebhookError extends AppError<"webhook-secret-unusable"> {}

/** By Standard Webhooks: `whsec_` and 24 to 64 bytes in base64. */
const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/;
const SECRET_BYTES_MIN = 24;
const SECRET_BYTES_MAX = 64;

/** The configured receivers with their secrets, from files or the environment. */
export async function openWebhooks(
  settings: ServerConfig["webhooks"],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Webhook[]> {
  const webhooks: Webhook[] = [];
  for (const { url, secretFile, secretVariable, kinds, allowPrivate } of settings) {
    const id = createHash("sha256").update(url).digest("hex").slice(0, 16);
    const place = secretFile ?? `the variable ${secretVariable}`;
    const text =
      secretFile === undefined
        ? environment[secretVariable ?? ""]
        : await readFile(secretFile, "utf8");
    const [, encoded = ""] = SECRET.exec(text?.trim() ?? "") ?? [];
    const secret = Buffer.from(encoded, "base64");
    if (secret.length < SECRET_BYTES_MIN || secret.length > SECRET_BYTES_MAX)
      throw new WebhookError("webhook-secret-unusable", {
        place,
        expected: `whsec_ and ${SECRET_BYTES_MIN} to ${SECRET_BYTES_MAX} bytes in base64`,
      });
    webhooks.push({ id, url, secret, kinds, allowPrivate });
  }
  return webhooks;
}
