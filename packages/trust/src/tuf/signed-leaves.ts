/** Every value that a signed object holds, by its path: what two versions differ in can then be told without a gap. */
export class SignedLeaves {
  readonly #leaves: ReadonlyMap<string, string>;

  constructor(signed: unknown) {
    this.#leaves = new Map(signed === undefined ? [] : leavesOf(signed, []));
  }

  /** Paths whose value is not the same in `other`, on either side. */
  differences(other: SignedLeaves): readonly LeafDifference[] {
    const paths = new Set([...this.#leaves.keys(), ...other.#leaves.keys()]);
    return [...paths]
      .map((path) => ({
        path: path.split(SEPARATOR),
        before: this.#leaves.get(path),
        after: other.#leaves.get(path),
      }))
      .filter(({ before, after }) => before !== after);
  }
}

export interface LeafDifference {
  readonly path: readonly string[];
  /** JSON; undefined where there is none. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** No JSON text of ours has it in a name, so that two paths never look the same. */
const SEPARATOR = "\u0000";

function* leavesOf(value: unknown, path: readonly string[]): Generator<[string, string]> {
  const entries =
    typeof value === "object" && value !== null ? Object.entries(nameRoles(value, path)) : [];
  if (entries.length === 0) {
    yield [path.join(SEPARATOR), JSON.stringify(value)];
    return;
  }
  for (const [name, inner] of entries) yield* leavesOf(inner, [...path, name]);
}

/** Delegated roles by their names: a role that moved in the list is one change, not a change of everything. */
function nameRoles(value: object, path: readonly string[]): object {
  if (!Array.isArray(value) || path.join(".") !== "delegations.roles") return value;
  const names = value.map((role: unknown) => String((role as { name?: unknown } | null)?.name));
  if (new Set(names).size !== names.length || names.includes("order")) return value;
  return {
    order: names.join(", "),
    ...Object.fromEntries(value.map((role, index) => [names[index], role as unknown])),
  };
}
