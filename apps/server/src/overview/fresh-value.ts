import { setTimeout as delay } from "node:timers/promises";

/** Values that take long to find, found rarely and never shown older than they may be. */
export interface FreshValues<Value> {
  /** The value under `key`, found at or after the moment when `version` became true. */
  get(key: string, version: number, find: () => Promise<Value>): Promise<Value>;
}

interface Entry<Value> {
  readonly version: number;
  readonly atMs: number;
  readonly value: Promise<Value>;
  /** Finds it anew as soon as it may be found again, for all who ask meanwhile. */
  next?: Promise<Value>;
}

const KEYS_MAX = 1_000;

/**
 * A value is kept while its version stays and at most `keptMs`, because some of it changes with time alone. Of a version
 * that grows all the time it is found at most once in `spacingMs`: who asks too early waits for the next one, instead of
 * getting one from before what he has heard of.
 */
export function createFreshValues<Value>({
  keptMs,
  spacingMs,
}: {
  readonly keptMs: number;
  readonly spacingMs: number;
}): FreshValues<Value> {
  const entries = new Map<string, Entry<Value>>();
  const findNow = (key: string, version: number, find: () => Promise<Value>): Promise<Value> => {
    const value = find();
    if (!entries.has(key) && entries.size >= KEYS_MAX) entries.clear();
    entries.set(key, { version, atMs: performance.now(), value });
    // A failure is not kept: whoever asks next tries again.
    value.catch(() => entries.delete(key));
    return value;
  };
  return {
    get: (key, version, find) => {
      const known = entries.get(key);
      if (known === undefined) return findNow(key, version, find);
      const ageMs = performance.now() - known.atMs;
      if (known.version >= version && ageMs < keptMs) return known.value;
      if (ageMs >= spacingMs) return findNow(key, version, find);
      known.next ??= delay(spacingMs - ageMs).then(() => findNow(key, version, find));
      return known.next;
    },
  };
}
