import { DeviceProblem } from "@moult/device-protocol";
import { parseJson } from "@moult/trust";
import { AgentError } from "../agent-error.ts";
import type { HttpReply } from "./http-client.ts";

/** What a server (or a proxy before it) said instead of doing what it was asked. */
export interface Problem {
  readonly status: number;
  /** The protocol's error code; `http-<status>` when the answer carried none. */
  readonly code: string;
  readonly detail: string | undefined;
  /** Seconds the server asked to be left alone for (RFC 9110, section 10.2.3). */
  readonly retryAfterSeconds: number | undefined;
}

const RETRY_AFTER_SECONDS_MAX = 3_600;

/** Reads an answer that is no success; an answer from something that is not Moult counts by its status alone. */
export function readProblem(reply: Pick<HttpReply, "status" | "headers" | "body">): Problem {
  const problem = parseJson(reply.body, DeviceProblem);
  const asked = Number(reply.headers["retry-after"]);
  return {
    status: reply.status,
    code: problem?.code ?? `http-${reply.status}`,
    detail: problem?.detail,
    retryAfterSeconds:
      Number.isFinite(asked) && asked >= 0 ? Math.min(asked, RETRY_AFTER_SECONDS_MAX) : undefined,
  };
}

/** A problem where nothing but success was of use. */
export function problemError(path: string, { status, code, detail }: Problem): AgentError {
  return new AgentError("request-refused", { path, status, code, detail });
}
