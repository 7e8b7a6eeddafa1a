/** A broken invariant: a bug of ours, never bad input. It ends the unit of work (request, job, process). */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** Holds, or the program is wrong. `invariant` is a sentence that states what must be true. */
export function assert(condition: unknown, invariant: string): asserts condition {
  if (condition !== true) throw new InvariantError(invariant);
}

/** Ends a `switch` over a union: a case that is forgotten does not compile. */
export function unreachable(value: never): never {
  throw new InvariantError(`no such case: ${JSON.stringify(value)}`);
}

/** The value, or a broken invariant when it is missing. */
export function present<T>(value: T | undefined | null, invariant: string): T {
  if (value === undefined || value === null) throw new InvariantError(invariant);
  return value;
}
