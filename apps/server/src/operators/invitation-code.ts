import { hash, randomBytes } from "node:crypto";
import { Sha256 } from "@moult/model";

const CODE_BYTES = 32;
const CODE = /^mi_[\w-]{43}$/;

/** A new invitation's code. The prefix lets scanners for leaked secrets know it. */
export const newInvitationCode = (): string =>
  `mi_${randomBytes(CODE_BYTES).toString("base64url")}`;

/** What cannot be a code is not looked up. */
export const isInvitationCode = (text: string): boolean => CODE.test(text);

/** What the server keeps of a code; of 256 random bits a plain digest cannot be searched back. */
export const invitationDigest = (code: string): Sha256 => Sha256.parse(hash("sha256", code));

/** The console's page for it. A fragment is sent to no server, so that no log has it. */
export const invitationLink = (publicUrl: string, code: string): string =>
  new URL(`/accept-invitation#${code}`, publicUrl).href;
