import { hash, randomBytes } from "node:crypto";
import { Sha256 } from "@moult/model";

const SECRET_BYTES = 32;
const PREFIX = "mk_";
/** The prefix and 36 of its 256 random bits. */
const START_LENGTH = PREFIX.length + 6;
const SECRET = /^mk_[\w-]{43}$/;

/** A new API key. The prefix lets scanners for leaked secrets know it. */
export const newApiKeySecret = (): string =>
  `${PREFIX}${randomBytes(SECRET_BYTES).toString("base64url")}`;

/** What cannot be a key is not looked up. */
export const isApiKeySecret = (text: string): boolean => SECRET.test(text);

/** What the owner recognises a key by, in lists. */
export const startOf = (secret: string): string => secret.slice(0, START_LENGTH);

/**
 * What the server keeps of a key. It has 256 random bits, so a plain digest cannot be searched back, and a key is found by
 * it in one indexed read whose time says nothing about the secret.
 */
export const apiKeyDigest = (secret: string): Sha256 => Sha256.parse(hash("sha256", secret));
