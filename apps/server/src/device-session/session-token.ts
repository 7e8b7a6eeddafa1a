import { later, type Clock } from "@moult/base";
import type { DeviceId, Sha256, TenantId } from "@moult/model";
import { createSealedValues } from "../platform/sealed-value.ts";
import type { DevicePrincipal } from "./device-principal.ts";

const UUID_BYTES = 16;
const FINGERPRINT_BYTES = 32;
const EPOCH_AT = 2 * UUID_BYTES + FINGERPRINT_BYTES;
const EXPIRY_AT = EPOCH_AT + 8;
const PAYLOAD_BYTES = EXPIRY_AT + 8;

/**
 * Tokens whose seal was found good lately are known by their text, since a device shows the same one at each check-in and the
 * seal costs more than the rest of the look. What may have changed is asked each time: the expiry here, the standing and the
 * credential epoch in the database. At some 500 bytes each this stays below 5 MB.
 */
const OPENED_MAX = 10_000;

interface OpenedToken {
  readonly principal: DevicePrincipal;
  readonly digest: Sha256;
  readonly expiresAt: number;
}

/** Bearer tokens: tenant, device, a digest, credential epoch and expiry, sealed. */
export interface SessionTokens {
  /** `digest`: of what it is for, or by. Of a session, the fingerprint of the key that was proven. */
  issue(principal: DevicePrincipal, digest: Sha256): string;
  /** Who holds the token; undefined when it is none of ours, or expired. */
  read(token: string): DevicePrincipal | undefined;
  /** The same, with the digest that it was issued with. */
  open(token: string): OpenedToken | undefined;
}

export interface SessionTokenRules {
  /** Says what the tokens are good for: a token of one purpose is none of another. */
  readonly purpose: string;
  /** A stolen token is worthless after it; revoking a device ends it at once, by the credential epoch. */
  readonly seconds: number;
}

export function createSessionTokens(
  secret: Uint8Array,
  clock: Clock,
  { purpose, seconds }: SessionTokenRules,
): SessionTokens {
  const sealed = createSealedValues(secret, purpose, PAYLOAD_BYTES);
  /** In the order in which they were first seen. */
  const opened = new Map<string, OpenedToken>();

  const openToken = (token: string): OpenedToken | undefined => {
    const payload = sealed.open(token);
    if (payload === undefined) return undefined;
    const principal: DevicePrincipal = {
      tenantId: uuidAt(payload, 0) as TenantId,
      deviceId: uuidAt(payload, UUID_BYTES) as DeviceId,
      credentialEpoch: numberAt(payload, EPOCH_AT),
    };
    const digest = payload.toString("hex", 2 * UUID_BYTES, EPOCH_AT) as Sha256;
    const known = { principal, digest, expiresAt: numberAt(payload, EXPIRY_AT) };
    const oldest = opened.size >= OPENED_MAX ? opened.keys().next().value : undefined;
    if (oldest !== undefined) opened.delete(oldest);
    opened.set(token, known);
    return known;
  };

  const current = (token: string): OpenedToken | undefined => {
    const known = opened.get(token) ?? openToken(token);
    if (known === undefined || known.expiresAt > clock.now()) return known;
    opened.delete(token);
    return undefined;
  };

  return {
    issue: ({ tenantId, deviceId, credentialEpoch }, digest) => {
      const payload = Buffer.alloc(PAYLOAD_BYTES);
      payload.write(tenantId.replaceAll("-", ""), 0, "hex");
      payload.write(deviceId.replaceAll("-", ""), UUID_BYTES, "hex");
      payload.write(digest, 2 * UUID_BYTES, "hex");
      payload.writeBigUInt64BE(BigInt(credentialEpoch), EPOCH_AT);
      const expiresAt = later(clock.now(), seconds * 1_000);
      payload.writeBigUInt64BE(BigInt(expiresAt), EXPIRY_AT);
      return sealed.seal(payload);
    },
    read: (token) => current(token)?.principal,
    open: current,
  };
}

/** Two halves, because a 64-bit read makes a BigInt, and this runs for every request. */
const numberAt = (payload: Buffer, offset: number): number =>
  payload.readUInt32BE(offset) * 2 ** 32 + payload.readUInt32BE(offset + 4);

function uuidAt(payload: Buffer, offset: number): string {
  const hex = payload.toString("hex", offset, offset + UUID_BYTES);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
