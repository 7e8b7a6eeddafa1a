import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import { Sha256 } from "@moult/model";

/** How a controller says who it is. `certificate`: a proxy that is believed has seen its certificate. */
export type ControllerCredential =
  | { readonly kind: "target-token" | "gateway-token"; readonly token: string }
  | { readonly kind: "certificate" };

/** 32 characters, as hawkBit's own; clients have them in files that were made for those. */
const TOKEN_BYTES = 24;

export const newControllerToken = (): string => randomBytes(TOKEN_BYTES).toString("base64url");

/** What the server keeps of a token. It has 192 random bits, so a plain digest cannot be searched back. */
export const tokenDigest = (token: string): Sha256 => Sha256.parse(hash("sha256", token));

export const isToken = (token: string, sha256: Sha256): boolean =>
  timingSafeEqual(Buffer.from(tokenDigest(token)), Buffer.from(sha256));
