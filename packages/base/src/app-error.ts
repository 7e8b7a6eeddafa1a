/** Facts that help whoever reads an error; plain JSON, never a secret. */
export type ErrorContext = Readonly<Record<string, unknown>>;

/**
 * The one shape of an I/O failure or a refused input: a closed code, its context, and what caused it.
 *
 * Each package has one subclass whose `Code` is a union of its own codes, so that a `switch` over them is complete.
 * Expected outcomes (a device must wait, an update rolled back) are values, not errors.
 */
export class AppError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly context: ErrorContext;

  constructor(code: Code, context: ErrorContext = {}, options: { readonly cause?: unknown } = {}) {
    super(Object.keys(context).length === 0 ? code : `${code} ${JSON.stringify(context)}`, options);
    this.name = new.target.name;
    this.code = code;
    this.context = context;
  }
}

/** Every message of the chain from `error` to its first cause, outermost first, for one log line at the edge. */
export function errorChain(error: unknown): readonly string[] {
  const messages: string[] = [];
  let current: unknown = error;
  while (current !== undefined && current !== null && messages.length < 10) {
    if (!(current instanceof Error)) {
      messages.push(typeof current === "string" ? current : JSON.stringify(current));
      break;
    }
    messages.push(`${current.name}: ${current.message}`);
    current = current.cause;
  }
  return messages;
}
