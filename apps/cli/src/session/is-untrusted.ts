import { errorCodes } from "./error-codes.ts";

/** OpenSSL's names for "the chain ends at nobody I know". */
const UNTRUSTED: ReadonlySet<string> = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_UNTRUSTED",
  "CERT_SIGNATURE_FAILURE",
]);

/** Whether the connection failed because nobody known vouches for the server's certificate. */
export const isUntrusted = (error: unknown): boolean =>
  errorCodes(error).some((code) => UNTRUSTED.has(code));
