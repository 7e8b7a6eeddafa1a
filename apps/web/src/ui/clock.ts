import { useSyncExternalStore } from "react";

/**
 * One clock for the page, in the server's time: replies carry its date, and what the browser's own clock is off by is
 * taken out. It ticks each second while somebody shows seconds, else each half minute, and not in hidden tabs.
 */
const TICK_MS = 1_000;
const OFFSETS_MAX = 5;
/** `Date` headers have whole seconds, and the answer took a moment. */
const OFFSET_NOTABLE_MS = 120_000;

const offsets: number[] = [];
let nowMs = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

const offsetMs = (): number => {
  const sorted = [...offsets].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
};

function tick(): void {
  if (document.hidden) return;
  nowMs = Date.now() + offsetMs();
  for (const listener of listeners) listener();
}

/** Learns from an answer of the server. */
export function hearServerDate(date: string | null): void {
  const at = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(at)) return;
  const offset = at - Date.now();
  // Within the header's own precision the browser is right.
  offsets.push(Math.abs(offset) < 2_000 ? 0 : offset);
  if (offsets.length > OFFSETS_MAX) offsets.shift();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (listeners.size === 1) {
    tick();
    timer = setInterval(tick, TICK_MS);
    document.addEventListener("visibilitychange", tick);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    document.removeEventListener("visibilitychange", tick);
  };
}

/** Now, rounded so that a component renders again only when what it shows can have changed. */
export function useNow(stepMs: number): number {
  return useSyncExternalStore(subscribe, () => Math.floor(nowMs / stepMs) * stepMs);
}

/** How far the browser's clock is off, when that is worth saying. */
export function useClockDrift(): number | null {
  const drift = useSyncExternalStore(subscribe, () => Math.round(-offsetMs() / 60_000) * 60_000);
  return Math.abs(drift) < OFFSET_NOTABLE_MS ? null : drift;
}
