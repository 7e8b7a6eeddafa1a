import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { AppError } from "@moult/base";
import { readTextIfPresent, writeFileDurably } from "./durable-file.ts";

/** A secret file that is there but cannot be one; a new one is never made over it, because sessions depend on it. */
class SecretError extends AppError<"secret-unusable"> {}

const SECRET_BYTES = 32;

/** The server's own secrets, 32 random bytes each, made at first start in a folder only its user reads. Never logged. */
export interface Secrets {
  /** Seals devices' session tokens and challenges. */
  readonly deviceSessions: Buffer;
  /** Seals operators' session cookies. */
  readonly operatorSessions: Buffer;
}

export async function openSecrets(folder: string): Promise<Secrets> {
  return {
    deviceSessions: await openSecret(join(folder, "device-sessions")),
    operatorSessions: await openSecret(join(folder, "operator-sessions")),
  };
}

async function openSecret(path: string): Promise<Buffer> {
  const text = await readTextIfPresent(path);
  if (text === undefined) {
    const secret = randomBytes(SECRET_BYTES);
    await writeFileDurably(path, `${secret.toString("base64")}\n`, 0o600);
    return secret;
  }
  const secret = Buffer.from(text.trim(), "base64");
  if (secret.length !== SECRET_BYTES)
    throw new SecretError("secret-unusable", {
      path,
      expected: `${SECRET_BYTES} bytes in base64`,
      hint: "restore it from a backup, or remove it: all sessions then end",
    });
  return secret;
}
