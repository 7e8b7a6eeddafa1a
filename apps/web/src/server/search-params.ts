// The search parameters of addresses, read by hand: a schema here would be in the first load. What is unknown or broken
// falls back to the default, so that an old link still shows a page.

export type Search = Readonly<Record<string, unknown>>;

/** A query as people write it: `?running=2.0` is the text "2.0" and no number; what stands twice is a list. */
export function readSearch(query: string): Search {
  const search: Record<string, string | string[]> = {};
  const params = new URLSearchParams(query);
  for (const name of new Set(params.keys())) {
    const values = params.getAll(name);
    search[name] = values.length === 1 ? (values[0] ?? "") : values;
  }
  return search;
}

export function writeSearch(search: Search): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search))
    for (const each of Array.isArray(value) ? (value as readonly unknown[]) : [value])
      if (typeof each === "string") params.append(name, each);
  return params.size === 0 ? "" : `?${params.toString()}`;
}

const LENGTH_MAX = 512;

export const text = (value: unknown, lengthMax = LENGTH_MAX): string | undefined =>
  typeof value === "string" && value !== "" && value.length <= lengthMax
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
    .map((part) => text(part))
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
