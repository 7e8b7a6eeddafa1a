/**
 * Every code an answer's problem details (RFC 9457) can carry, with its HTTP status and title. The one table from which
 * the server answers, the OpenAPI document and the documentation are made. Operator API and device protocol share it.
 */
export const ERROR_CODES = {
  "invalid-request": [400, "The request is not valid"],
  "malformed-json": [400, "The body is not JSON"],
  unauthenticated: [401, "Sign in, or send a valid API key"],
  "credentials-wrong": [401, "The e-mail address or the password is wrong"],
  forbidden: [403, "Your role does not allow this"],
  "setup-code-wrong": [403, "The setup code is wrong"],
  "invitation-void": [403, "The invitation is void"],
  "setup-done": [409, "The first administrator exists already"],
  "not-found": [404, "There is no such thing here"],
  "method-not-allowed": [405, "This address does not take that method"],
  "name-taken": [409, "That name is taken"],
  "state-conflict": [409, "Its present state does not allow this"],
  "count-changed": [409, "The number of devices is another one now"],
  "in-use": [409, "It is in use"],
  "body-too-large": [413, "The body is too large"],
  "unsupported-media-type": [415, "The content type is not supported"],
  "range-not-satisfiable": [416, "The range lies outside the content"],
  "too-many-requests": [429, "Too many requests"],
  "artifact-invalid": [422, "The file is not a valid artifact"],
  "artifact-unsigned": [422, "This product takes signed artifacts only"],
  "artifact-signature-invalid": [422, "No key of this product made the artifact's signature"],
  "artifact-differs": [
    409,
    "The release has another artifact for these hardware types, depends and clients",
  ],
  "trust-invalid": [422, "A device would not take this metadata"],
  "release-empty": [422, "The release has no artifact"],
  "release-rule-invalid": [422, "The release cannot have this rule"],
  "target-empty": [422, "The target has no device that this release has an artifact for"],
  "approvals-impossible": [422, "Fewer people than the plan asks for could approve a stage"],
  "target-too-large": [422, "The target has too many devices to be written down one by one"],
  "rollback-impossible": [422, "Some devices that would be rolled back could not go back"],
  "upload-incomplete": [400, "The upload ended before its announced length"],
  "upload-limit": [429, "Too much is being uploaded already"],
  "upload-offset-differs": [409, "The upload is at another byte"],
  "upload-version-unsupported": [412, "Only version 1.0.0 of tus is spoken here"],
  "disk-full": [507, "The server's disk is full"],
  internal: [500, "Something went wrong here"],
  unavailable: [503, "Not ready; try again"],
  "signer-unavailable": [503, "The signer does not answer; try again"],
  // Device protocol.
  "challenge-expired": [401, "Ask for a new challenge and sign again"],
  "signature-invalid": [401, "The signature does not fit the key and the body"],
  "session-expired": [401, "Start a new session"],
  "enrolment-token-invalid": [
    403,
    "The enrolment token is unknown, used up, expired or for another product",
  ],
  "enrolment-closed": [403, "This device is neither preauthorised nor has an enrolment token"],
  "pending-limit": [429, "Too many devices wait to be accepted"],
  "device-unknown": [404, "No device has this key; enrol first"],
  "device-pending": [403, "An operator has not accepted this device yet"],
  "device-rejected": [403, "An operator rejected this device"],
  "device-decommissioned": [403, "This device was decommissioned"],
  "assignment-closed": [409, "The server has closed this assignment"],
  "blob-not-offered": [403, "Only the content of the device's open offer can be read"],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>;

export type ErrorCode = keyof typeof ERROR_CODES;

export const statusOf = (code: ErrorCode): number => ERROR_CODES[code][0];
export const titleOf = (code: ErrorCode): string => ERROR_CODES[code][1];
