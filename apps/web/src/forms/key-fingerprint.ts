import { Sha256 } from "@moult/model";

export type KeyFingerprint =
  | { readonly kind: "read"; readonly fingerprint: Sha256 }
  | { readonly kind: "unreadable"; readonly why: string };

const PUBLIC_KEY = /^-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----$/;

/**
 * The fingerprint of a device's key: SHA-256 of its SubjectPublicKeyInfo, from the key in PEM or as people copy it, with
 * spaces or colons between groups. `digest` is the browser's, which pages have on HTTPS alone.
 */
export async function readKeyFingerprint(
  text: string,
  digest: ((bytes: BufferSource) => Promise<ArrayBuffer>) | undefined,
): Promise<KeyFingerprint> {
  const [, base64] = PUBLIC_KEY.exec(text.trim()) ?? [];
  if (base64 === undefined) {
    const hex = text.replace(/^\s*sha-?256:/i, "").replaceAll(/[\s:]/g, "");
    const read = Sha256.safeParse(hex.toLowerCase());
    return read.success
      ? { kind: "read", fingerprint: read.data }
      : unreadable("Neither a public key in PEM nor 64 hexadecimal digits.");
  }
  if (digest === undefined)
    return unreadable("Without HTTPS a page cannot read keys: give the fingerprint.");
  try {
    const key = Uint8Array.from(atob(base64.replaceAll(/\s/g, "")), (one) => one.charCodeAt(0));
    const hashed = new Uint8Array(await digest(key));
    const hex = [...hashed].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return { kind: "read", fingerprint: Sha256.parse(hex) };
  } catch {
    return unreadable("This key is cut off or was changed on its way here.");
  }
}

const unreadable = (why: string): KeyFingerprint => ({ kind: "unreadable", why });
