export interface InventoryGroup {
  /** What the names have in common, before their first dot; empty for names without one. */
  readonly prefix: string;
  readonly attributes: readonly (readonly [name: string, value: string])[];
}

/** Attributes by prefix, both in order; `part` is looked for in names and values. */
export function inventoryGroups(
  inventory: Readonly<Record<string, string>>,
  part: string,
): InventoryGroup[] {
  const wanted = part.trim().toLowerCase();
  const groups = new Map<string, [string, string][]>();
  const fitting = Object.entries(inventory).filter(([name, value]) =>
    `${name}\n${value}`.toLowerCase().includes(wanted),
  );
  for (const attribute of fitting.toSorted(([one], [other]) => one.localeCompare(other))) {
    const end = attribute[0].indexOf(".");
    const prefix = end < 1 ? "" : attribute[0].slice(0, end);
    groups.set(prefix, [...(groups.get(prefix) ?? []), attribute]);
  }
  return [...groups]
    .toSorted(([one], [other]) => one.localeCompare(other))
    .map(([prefix, attributes]) => ({ prefix, attributes }));
}
