/** Lets so many in at the same time; the others wait in the order in which they came. */
export function createGate(insideMax: number): <T>(enter: () => Promise<T>) => Promise<T> {
  let inside = 0;
  const waiting: (() => void)[] = [];
  return async (enter) => {
    if (inside < insideMax) inside += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await enter();
    } finally {
      // Whoever leaves gives their place to the next one.
      const next = waiting.shift();
      if (next === undefined) inside -= 1;
      else next();
    }
  };
}
