import { statusOf, titleOf, type ErrorCode, type Problem } from "@moult/api";
import { ApiError } from "../api-error.ts";
import { machineFaultOf } from "../database-error.ts";

/** What a caller is told about `error`; `isBug`: the log needs the whole of it. */
export interface ProblemReply {
  readonly problem: Problem;
  readonly isBug: boolean;
}

/** Fastify's own refusals (https://fastify.dev/docs/latest/Reference/Errors/), which come before any handler. */
const FRAMEWORK_CODES: Readonly<Record<string, readonly [ErrorCode, detail: string]>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: ["malformed-json", "The body is not valid JSON."],
  FST_ERR_CTP_EMPTY_JSON_BODY: ["malformed-json", "The body is empty; send JSON."],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    "unsupported-media-type",
    "Send `Content-Type: application/json`.",
  ],
  FST_ERR_CTP_BODY_TOO_LARGE: ["body-too-large", "The body is larger than this operation takes."],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    "upload-incomplete",
    "The body is not as long as its Content-Length says.",
  ],
  FST_ERR_BAD_URL: ["invalid-request", "The address is not a valid URL."],
  FST_ERR_MAX_PARAM_LENGTH: ["invalid-request", "A part of the address is too long."],
};

const FAULT_DETAILS: Partial<Record<ErrorCode, string>> = {
  "disk-full": "The server's disk is full; nothing was changed.",
  unavailable: "The database cannot be reached; try again.",
};

export function problemOf(error: unknown, requestId: string): ProblemReply {
  if (error instanceof ApiError)
    return { problem: problem(error.code, error.detail, requestId, error.issues), isBug: false };

  const framework = error instanceof Error && "code" in error ? error.code : undefined;
  const known = typeof framework === "string" ? FRAMEWORK_CODES[framework] : undefined;
  if (known !== undefined) return { problem: problem(...known, requestId), isBug: false };
  // The JSON parser names no code.
  if (error instanceof SyntaxError && "statusCode" in error && error.statusCode === 400)
    return {
      problem: problem("malformed-json", "The body is not valid JSON.", requestId),
      isBug: false,
    };

  const fault = machineFaultOf(error);
  return {
    problem:
      fault === undefined
        ? problem("internal", "The server's log has the reason under this request's id.", requestId)
        : problem(fault, FAULT_DETAILS[fault] ?? "", requestId),
    isBug: true,
  };
}

function problem(
  code: ErrorCode,
  detail: string,
  requestId: string,
  issues: ApiError["issues"] = [],
): Problem {
  return {
    type: `urn:moult:problem:${code}`,
    title: titleOf(code),
    status: statusOf(code),
    code,
    detail,
    requestId,
    ...(issues.length === 0 ? {} : { issues: [...issues] }),
  };
}
