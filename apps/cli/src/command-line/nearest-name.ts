/** The name that `typed` was most likely meant to be, if any is near: at most a third of it is wrong. */
export function nearestName(typed: string, names: readonly string[]): string | undefined {
  const distanceMax = Math.max(1, Math.floor(typed.length / 3));
  const near = names
    .map((name) => ({ name, distance: editDistance(typed, name) }))
    .filter(
      ({ name, distance }) =>
        distance <= distanceMax || (typed.length >= 3 && name.startsWith(typed)),
    )
    .sort((left, right) => left.distance - right.distance);
  return near[0]?.name;
}

/** Levenshtein's: insertions, deletions and replacements, one row at a time. */
function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}
