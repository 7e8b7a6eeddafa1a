import { AppError } from "@moult/base";

export type QueryErrorCode = "unexpected" | "too-long" | "too-many-conditions" | "too-deep";

/** A text that is no query. */
export class QueryError extends AppError<QueryErrorCode> {
  /** Where it stops being one, counted from 0 in UTF-16 units; at the end of the text, its length. */
  readonly position: number;
  /** What would have been right there. */
  readonly expected: string;

  constructor(code: QueryErrorCode, position: number, expected: string) {
    super(code, { position, expected });
    this.position = position;
    this.expected = expected;
  }

  /** For people, who count from 1. */
  get sentence(): string {
    return `At character ${this.position + 1} of the query: expected ${this.expected}.`;
  }
}
