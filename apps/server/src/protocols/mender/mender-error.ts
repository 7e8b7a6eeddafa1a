import type { ErrorCode } from "@moult/api";
import type { FastifyReply, FastifyRequest } from "fastify";
import { problemOf } from "../../platform/http/problem-of.ts";

/**
 * Whoever is not let in is told 401 and nothing else: Mender's clients then ask for a new token, and after any other status
 * they do not.
 */
const UNAUTHORISED: ReadonlySet<string> = new Set([
  "session-expired",
  "signature-invalid",
  "device-unknown",
  "device-pending",
  "device-rejected",
  "device-decommissioned",
  "enrolment-closed",
  "enrolment-token-invalid",
  "pending-limit",
  "state-conflict",
] satisfies ErrorCode[]);

/** An error as Mender's clients print it. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { problem, isBug } = problemOf(error, request.id);
  // What is a fault of ours goes on to where faults are logged.
  if (isBug) throw error;
  const status = UNAUTHORISED.has(problem.code) ? 401 : statusFor(problem.status);
  const why = problem.issues?.map(({ path, message }) => `${path}: ${message}`).join("; ");
  const text = why === undefined ? problem.detail : `${problem.detail} ${why}`;
  void reply
    .code(status)
    .type("application/json")
    .send({
      error: status === 401 ? `dev auth: unauthorized: ${text}` : text,
      request_id: request.id,
    });
}

/** Their schema errors are 400; 409 means "aborted" to them, so nothing else may be that. */
const statusFor = (status: number): number => (status === 422 || status === 409 ? 400 : status);
