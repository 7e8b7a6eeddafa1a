import type * as z from "zod";

// What stands in a column and what it means (docs/decisions/0003): the one codec for both dialects.

/** Milliseconds since the epoch, as an instant on the wire. */
export const isoFrom = (at: number): string => new Date(at).toISOString();

export const isoOrNull = (at: number | null): string | null => (at === null ? null : isoFrom(at));

export const flagFrom = (value: boolean): 0 | 1 => (value ? 1 : 0);

/** JSON text of a column, parsed; text that does not fit its schema is a bug or another version's, and throws. */
export const fromJson = <Schema extends z.ZodType>(schema: Schema, text: string): z.infer<Schema> =>
  schema.parse(JSON.parse(text));
