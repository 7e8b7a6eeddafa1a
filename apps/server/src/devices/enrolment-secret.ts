import { hash, randomBytes } from "node:crypto";
import { Sha256 } from "@moult/model";

const SECRET_BYTES = 32;

/** A new enrolment token's secret. The prefix lets scanners for leaked secrets know it. */
export function newEnrolmentSecret(): string {
  return `met_${randomBytes(SECRET_BYTES).toString("base64url")}`;
}

/**
 * What the server keeps of an enrolment secret. It has 256 random bits, so a plain digest cannot be searched back, and a
 * token is found by it in one indexed read whose time says nothing about the secret.
 */
export function enrolmentSecretDigest(secret: string): Sha256 {
  return Sha256.parse(hash("sha256", secret));
}
