import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";

/**
 * Values that the server hands out and recognises when they come back, without keeping them: `<prefix>.<payload>.<mac>`,
 * both parts in base64url, the MAC an HMAC-SHA-256 over prefix and payload. The prefix is the purpose and the version, so
 * a value for one purpose is none for another, and every server with the same secret recognises it.
 */
export interface SealedValues {
  seal(payload: Buffer): string;
  /** The payload of a value that was sealed here; undefined for anything else. */
  open(value: string): Buffer | undefined;
}

const MAC_BYTES = 32;
const MAC_CHARACTERS = 43;

export function createSealedValues(
  secret: Uint8Array,
  prefix: string,
  payloadBytes: number,
): SealedValues {
  const start = `${prefix}.`;
  const payloadCharacters = Math.ceil((payloadBytes * 4) / 3);
  const length = start.length + payloadCharacters + 1 + MAC_CHARACTERS;
  // Made once: making it anew for each value costs five times as much as the MAC itself.
  const key = createSecretKey(secret);
  const macOf = (sealed: string): Buffer => createHmac("sha256", key).update(sealed).digest();

  return {
    seal: (payload) => {
      const sealed = start + payload.toString("base64url");
      return `${sealed}.${macOf(sealed).toString("base64url")}`;
    },
    open: (value) => {
      if (value.length !== length || !value.startsWith(start)) return undefined;
      const dot = length - MAC_CHARACTERS - 1;
      if (value.charAt(dot) !== ".") return undefined;
      const mac = Buffer.from(value.slice(dot + 1), "base64url");
      const sealed = value.slice(0, dot);
      if (mac.length !== MAC_BYTES || !timingSafeEqual(mac, macOf(sealed))) return undefined;
      return Buffer.from(sealed.slice(start.length), "base64url");
    },
  };
}
