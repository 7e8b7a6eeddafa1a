/** Time that passes only when nothing else is to be done. */
export interface VirtualTime {
  readonly nowMs: number;
  /** Calls `fire` at `atMs`. Returns how to forget it. */
  at(atMs: number, fire: () => void): () => void;
  /** Goes to the next instant at which something is due and does it; false when nothing is. */
  advance(): boolean;
}

interface Timer {
  readonly atMs: number;
  readonly number: number;
  readonly fire: () => void;
  isForgotten: boolean;
}

export function createVirtualTime(): VirtualTime {
  // A world waits for a handful of things at once: a sorted list is as quick as a heap and easier to read.
  const timers: Timer[] = [];
  let nowMs = 0;
  let number = 0;
  return {
    get nowMs() {
      return nowMs;
    },
    at: (atMs, fire) => {
      const timer: Timer = { atMs, number: (number += 1), fire, isForgotten: false };
      let place = timers.length;
      while (place > 0 && isLater(timers[place - 1], timer)) place -= 1;
      timers.splice(place, 0, timer);
      return () => {
        timer.isForgotten = true;
      };
    },
    advance: () => {
      for (let timer = timers.shift(); timer !== undefined; timer = timers.shift()) {
        if (timer.isForgotten) continue;
        nowMs = Math.max(nowMs, timer.atMs);
        timer.fire();
        return true;
      }
      return false;
    },
  };
}

const isLater = (one: Timer | undefined, other: Timer): boolean =>
  one !== undefined &&
  (one.atMs > other.atMs || (one.atMs === other.atMs && one.number > other.number));
