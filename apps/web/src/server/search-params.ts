// The search parameters of addresses, read by hand: a schema here would be in the first load. What is unknown or broken
// falls back to the default, so that an old link still shows a page.

export type Search = Readonly<Record<string, unknown>>;

const LENGTH_MAX = 512;

export const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" && value.length <= LENGTH_MAX
    ? value
    : typeof value === "number" || typeof value === "boolean"
      ? String(value)
      : undefined;

export const oneOf = <Value extends string>(
  value: unknown,
  values: readonly Value[],
): Value | undefined => values.find((known) => known === value);

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** An id of the server's, branded as the caller says. */
export const id = <Id extends string>(value: unknown): Id | undefined =>
  typeof value === "string" && UUID.test(value) ? (value as Id) : undefined;

export const texts = (value: unknown, countMax: number): readonly string[] => {
  const values = Array.isArray(value) ? value : [value];
  return values
    .map(text)
    .filter((part) => part !== undefined)
    .slice(0, countMax);
};

/** Without what is not there: a parameter at its default is left out of the address. */
export function present<Params extends object>(
  params: Params,
): { [Key in keyof Params]?: NonNullable<Params[Key]> } {
  return Object.fromEntries(
    Object.entries(params).filter(
      ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
    ),
  ) as { [Key in keyof Params]?: NonNullable<Params[Key]> };
}
