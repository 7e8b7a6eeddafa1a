export { AppError, errorChain, type ErrorContext } from "./app-error.ts";
export { InvariantError, assert, present, unreachable } from "./assert.ts";
export { backOffDelayMs, type BackOff } from "./back-off.ts";
export {
  base64,
  bytesFromBase64,
  bytesFromHex,
  concatBytes,
  equalBytes,
  hex,
  textFromUtf8,
  utf8,
} from "./bytes.ts";
export { canonicalText } from "./canonical-text.ts";
export { isVersionAtLeast } from "./dotted-version.ts";
export type { BlobWriter, Blobs, Clock, Crypto, Log, Random, SignatureScheme } from "./ports.ts";
export { seededRandom } from "./random.ts";
export {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  SECOND_MS,
  instant,
  isoText,
  later,
  type InstantMs,
} from "./time.ts";
export { compareVersions } from "./version-order.ts";
