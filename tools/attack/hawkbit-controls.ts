export interface SourceChange {
  /** Below apps/server/src. */
  readonly file: string;
  /** Is in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** A rule of the server, and the row that must fail without it. */
interface HawkbitControl {
  readonly row: string;
  readonly without: string;
  readonly edits: readonly SourceChange[];
}

type Change = readonly [file: string, find: string, replace: string];

const control = (row: string, without: string, ...changes: readonly Change[]): HawkbitControl => ({
  row,
  without,
  edits: changes.map(([file, find, replace]) => ({ file, find, replace })),
});

const PROTOCOL = "protocols/hawkbit";
const CLAIM = "controllers/claim-controller.ts";
const SESSIONS = "device-session/controller-sessions.ts";
const FEEDBACK = "device-session/controller-feedback.ts";

const OF_ANY_DEVICE: Change = [
  "controllers/action-queries.ts",
  `.where("device_id", "=", deviceId)
    .where("number", "=", number)`,
  `.where("number", "=", number)`,
];

export const HAWKBIT_CONTROLS: readonly HawkbitControl[] = [
  control("token-of-another-device", "the comparison of tokens", [
    CLAIM,
    "isToken(credential.token, known.tokenSha256)",
    "true",
  ]),
  control("gateway-for-a-device-that-it-does-not-name", "the gateway's list", [
    "controllers/queries.ts",
    `.where("member.controller_id", "=", controllerId)`,
    "",
  ]),
  control("certificate-by-the-word-of-a-stranger", "the list of proxies", [
    `${PROTOCOL}/read-credential.ts`,
    `if (!isFrom(proxy.addresses, socket.remoteAddress ?? "")) return undefined;`,
    "",
  ]),
  control("update-of-another-device", "the device of a number", OF_ANY_DEVICE),
  control(
    "file-of-another-device",
    "the device of a number, and that a number is of the device's own update",
    OF_ANY_DEVICE,
    [SESSIONS, "!isActionOf(action, offer)", "false"],
  ),
  control("success-that-does-not-run", "the second step of success", [
    FEEDBACK,
    `await report({ kind: "proving" });`,
    `await report({ kind: "finished", outcome: "succeeded", running: { artifactName: "2.0", provides: {} } });`,
  ]),
  control("end-that-is-told-twice", "the memory of what was ended", [
    FEEDBACK,
    `if (action.isClosed) return "over";
  const { assignmentId, attempt } = action;
  const at = deps.clock.now();`,
    `const { assignmentId, attempt } = action;
  const at = deps.clock.now();`,
  ]),
  control("ranges-without-end", "the most ranges in one request", [
    `${PROTOCOL}/byte-ranges.ts`,
    `if (specs.length > RANGES_MAX) return "unsatisfiable";`,
    "",
  ]),
  control("ranges-without-end", "the refusal of ranges that overlap", [
    `${PROTOCOL}/byte-ranges.ts`,
    `return overlaps ? "unsatisfiable" : ranges;`,
    "return overlaps ? ranges : ranges;",
  ]),
  control("body-without-end", "the longest body", [
    `${PROTOCOL}/hawkbit-routes.ts`,
    "bodyLimit: BODY_BYTES_MAX",
    "bodyLimit: 2 ** 30",
  ]),
  control("attributes-without-end", "the most attributes in one request", [
    `${PROTOCOL}/read-feedback.ts`,
    "Object.keys(data).length <= ATTRIBUTES_MAX",
    "Object.keys(data).length > 0",
  ]),
  control("numbers-that-no-client-was-given", "the form of numbers", [
    `${PROTOCOL}/read-body.ts`,
    `if (!/^[1-9]\\d{0,9}$/.test(text) || Number(text) >= 2 ** 31) throw notThere();`,
    "",
  ]),
  control("bodies-that-are-no-feedback", "the words that end an update", [
    `${PROTOCOL}/read-feedback.ts`,
    "execution: Execution,",
    `execution: Execution.catch("closed"),`,
  ]),
  control("guesses-without-end", "the limit of wrong credentials", [
    `${PROTOCOL}/hawkbit-routes.ts`,
    "limit.admit(request.ip, caller);",
    "",
  ]),
  control("guesses-without-end", "the memory of whose credential was right", [
    `${PROTOCOL}/caller-limit.ts`,
    "waitSeconds > 0 && !known.has(caller)",
    "waitSeconds > 0",
  ]),
];
