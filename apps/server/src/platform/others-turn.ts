/**
 * Lets everything else that waits have its turn. SQLite answers synchronously, so work in many steps would otherwise hold up
 * every request until its end.
 */
export const othersTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
