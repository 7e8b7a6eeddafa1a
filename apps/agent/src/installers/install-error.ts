import { AppError } from "@moult/base";
import { DETAIL_CHARACTERS_MAX, FailureCode, type Failure } from "@moult/updater";
import { AgentError } from "../agent-error.ts";
import { systemCode } from "../storage/durable-file.ts";

/** What keeps a step of an update from being done: the code that will be reported, and a sentence for people. */
export class InstallError extends AppError<FailureCode> {
  readonly detail: string;

  constructor(code: FailureCode, detail: string, options: { readonly cause?: unknown } = {}) {
    super(code, { detail }, options);
    this.detail = detail;
  }
}

/** What to report of an error that ended a step; `otherwise` is the step's own code. */
export function failureOf(error: unknown, otherwise: FailureCode): Failure {
  if (isDiskFull(error)) return failure("disk-full", "the device has no space left", error);
  if (error instanceof InstallError) return failure(error.code, error.detail);
  if (error instanceof AppError && FailureCode.safeParse(error.code).success)
    return failure(FailureCode.parse(error.code), error.message);
  return failure(otherwise, error instanceof Error ? error.message : String(error));
}

/** Whether the disk was full, however deep in the chain of causes it says so. */
export function isDiskFull(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth += 1) {
    const code = systemCode(at);
    if (code === "ENOSPC" || code === "EDQUOT") return true;
    if (at instanceof AgentError && at.code === "disk-full") return true;
    if (at instanceof InstallError && at.code === "disk-full") return true;
  }
  return false;
}

function failure(code: FailureCode, detail: string, cause?: unknown): Failure {
  const reason = cause instanceof Error ? `${detail}: ${cause.message}` : detail;
  return { code, detail: reason.slice(0, DETAIL_CHARACTERS_MAX) };
}
