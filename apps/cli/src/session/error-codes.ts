/** The `code` of an error and of all that caused it, outermost first. */
export function errorCodes(error: unknown): readonly string[] {
  const codes: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < 10 && current instanceof Error; depth += 1) {
    const { code } = current as { readonly code?: unknown };
    if (typeof code === "string") codes.push(code);
    // Several addresses were tried; the first one's failure stands for them.
    const errors: unknown = current instanceof AggregateError ? current.errors[0] : undefined;
    current = current.cause ?? errors;
  }
  return codes;
}
