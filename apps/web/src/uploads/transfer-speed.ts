import { SECOND_MS } from "@moult/base";

/** So long back the speed looks: short enough to follow a network that changes, long enough not to jump. */
const WINDOW_MS = 10 * SECOND_MS;
/** Before this a speed says more than is known. */
const KNOWN_MS = 2 * SECOND_MS;
const SAMPLES_MAX = 64;

export interface SpeedSample {
  readonly atMs: number;
  readonly doneBytes: number;
}

/** The samples with one more, as far back as matters. */
export function withSample(
  samples: readonly SpeedSample[],
  sample: SpeedSample,
): readonly SpeedSample[] {
  // Bytes arrive in parts: on a slow network the one before may be longer ago than the window.
  const recent = samples.filter(
    ({ atMs }, index) => index === samples.length - 1 || sample.atMs - atMs <= WINDOW_MS,
  );
  return [...recent, sample].slice(-SAMPLES_MAX);
}

/** Bytes a second over the samples; null until it is known. */
export function speedOf(samples: readonly SpeedSample[]): number | null {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined) return null;
  const spanMs = last.atMs - first.atMs;
  if (spanMs < KNOWN_MS) return null;
  return ((last.doneBytes - first.doneBytes) / spanMs) * SECOND_MS;
}

/** How long the rest takes at that speed; null when nothing moves or it is not known. */
export const timeLeftMs = (leftBytes: number, speed: number | null): number | null =>
  speed === null || speed <= 0 ? null : (leftBytes / speed) * SECOND_MS;
