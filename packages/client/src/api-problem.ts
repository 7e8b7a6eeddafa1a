import type { ErrorCode, Problem } from "@moult/api";
import { AppError } from "@moult/base";

/** A code of the table in `@moult/api`, or one that a newer server added to it. */
export type ProblemCode = ErrorCode | (string & Record<never, never>);

/** The server's refusal: problem details (RFC 9457) as an error. Decide by `code`; show `detail` and `requestId`. */
export class ApiProblem extends AppError<ProblemCode> {
  readonly status: number;
  readonly title: string;
  /** What was wrong in this case, and what to do; the title where the server says no more. */
  readonly detail: string;
  readonly requestId: string;
  /** For `invalid-request`: where in the request, and what. */
  readonly issues: readonly { readonly path: string; readonly message: string }[];

  constructor(problem: Problem) {
    const { code, status, title, detail = title, requestId, issues = [] } = problem;
    super(code, { status, detail, requestId, ...(issues.length === 0 ? {} : { issues }) });
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.requestId = requestId;
    this.issues = issues;
  }
}
