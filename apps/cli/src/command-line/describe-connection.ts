import { errorCodes } from "../session/error-codes.ts";
import { isUntrusted } from "../session/is-untrusted.ts";

const SENTENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "its name is not known",
  EAI_AGAIN: "its name cannot be looked up now",
  ECONNRESET: "the connection broke",
  EPIPE: "the connection broke",
  UND_ERR_SOCKET: "the connection broke",
  ETIMEDOUT: "it does not answer",
  EHOSTUNREACH: "there is no way to it",
  ENETUNREACH: "there is no network",
  UND_ERR_CONNECT_TIMEOUT: "it does not answer",
  UND_ERR_HEADERS_TIMEOUT: "it does not answer",
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet; check this machine's clock",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name",
  EPROTO: "it does not speak HTTPS there",
  ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak HTTPS there; try http://",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "it does not speak HTTPS there; try http://",
  HPE_INVALID_CONSTANT: "it does not speak HTTP there; try https://",
};

/** Why a server could not be reached, from the error that the platform gave. */
export function describeConnection(
  server: string,
  cause: unknown,
): { readonly sentence: string; readonly hint?: string } {
  if (isUntrusted(cause))
    return {
      sentence: `Nobody that this machine trusts vouches for the certificate of ${server}.`,
      hint: "Sign in again with `moult login`, or name the authority: --certificate-authority FILE, or MOULT_CA.",
    };
  const codes = errorCodes(cause);
  const known = codes.map((code) => SENTENCES[code]).find((sentence) => sentence !== undefined);
  const reason = known ?? codes.at(-1) ?? "the connection failed";
  return { sentence: `The server ${server} cannot be reached: ${reason}.` };
}
