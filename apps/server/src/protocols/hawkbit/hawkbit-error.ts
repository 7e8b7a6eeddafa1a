import type { FastifyReply, FastifyRequest } from "fastify";
import { ApiError } from "../../platform/api-error.ts";
import { problemOf } from "../../platform/http/problem-of.ts";

/** hawkBit's names for what is wrong, by our codes; what has none has no name there either. */
const NAMES: Readonly<Record<string, string>> = {
  "invalid-request": "hawkbit.server.error.repo.constraintViolation",
  "malformed-json": "hawkbit.server.error.rest.body.notReadable",
  "not-found": "hawkbit.server.error.repo.entityNotFound",
  "state-conflict": "hawkbit.server.error.repo.entityAlreadyExists",
  "too-many-requests": "hawkbit.server.error.quota.tooManyEntries",
};

/** Answers an error as hawkBit would: with a body of its own form, and with none where the credential was wrong. */
export function answerHawkbitError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  onBug: (error: unknown) => void,
): void {
  const { problem, isBug } = problemOf(error, request.id);
  if (isBug) onBug(error);
  if (reply.raw.headersSent) {
    reply.raw.destroy();
    return;
  }
  void reply.code(problem.status);
  if (problem.status === 401) {
    void reply.send();
    return;
  }
  void reply.send({
    errorCode: NAMES[problem.code] ?? `moult.${problem.code}`,
    message: problem.detail ?? problem.title,
  });
}

export const unauthenticated = (): ApiError =>
  new ApiError("unauthenticated", "Send the token of this very device.");

export const notThere = (): ApiError =>
  new ApiError("not-found", "There is nothing at this address.");
