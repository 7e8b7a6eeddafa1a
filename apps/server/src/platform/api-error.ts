import type { ErrorCode } from "@moult/api";
import { AppError } from "@moult/base";

/** A refusal that the caller shall read: its code gives the HTTP status, `detail` says what was wrong and what to do. */
export class ApiError extends AppError<ErrorCode> {
  readonly detail: string;

  constructor(
    code: ErrorCode,
    detail: string,
    options: {
      readonly cause?: unknown;
      readonly issues?: readonly { readonly path: string; readonly message: string }[];
    } = {},
  ) {
    super(code, { detail }, options);
    this.detail = detail;
    this.issues = options.issues ?? [];
  }

  readonly issues: readonly { readonly path: string; readonly message: string }[];
}
