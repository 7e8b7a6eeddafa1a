import type { VirtualTime } from "./virtual-time.ts";

/** Why a run of the agent ended. */
export type LifeEnd =
  /** The machine lost power. */
  | "power-cut"
  /** The system crashed or hung and was reset without losing power. */
  | "reset"
  /** The agent alone ended; the machine runs on. */
  | "agent-crash"
  /** A reboot that was asked for. */
  | "reboot";

/**
 * One run of the agent. When it is over, whatever its code still asks of the world never returns: nothing that stands
 * after an `await` happens, as on a machine without power.
 */
export interface Life {
  readonly isOver: boolean;
  readonly startedAtMs: number;
  /** Looks at the world. */
  look<T>(read: () => T): Promise<T>;
  /** Changes something that outlives this run; power may go before, so that it never happened, and after. */
  change<T>(what: string, apply: () => T): Promise<T>;
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
  end(why: LifeEnd): void;
}

export interface LifeDeps {
  readonly time: VirtualTime;
  /** Whether power goes at this moment. */
  readonly strikes: () => boolean;
  /** Whether the agent ends by itself at this moment. */
  readonly crashes: () => boolean;
  /** How long a change takes; 0 is at once. */
  readonly slownessMs: () => number;
  readonly onEnd: (why: LifeEnd, doing: string) => void;
}

export function createLife({ time, strikes, crashes, slownessMs, onEnd }: LifeDeps): Life {
  const startedAtMs = time.nowMs;
  let isOver = false;
  const end = (why: LifeEnd, doing: string): void => {
    if (isOver) return;
    isOver = true;
    onEnd(why, doing);
  };
  // Each its own: one promise that everybody waits for would keep all who wait in memory.
  const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

  const sleep = (delayMs: number, signal?: AbortSignal): Promise<void> => {
    if (isOver) return never();
    if (signal?.aborted === true) return Promise.reject(reasonOf(signal));
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        forget();
        if (signal !== undefined && !isOver) reject(reasonOf(signal));
      };
      const forget = time.at(time.nowMs + Math.max(0, delayMs), () => {
        signal?.removeEventListener("abort", onAbort);
        if (isOver) return;
        if (strikes()) end("power-cut", "nothing in particular");
        else if (crashes()) end("agent-crash", "nothing in particular");
        else resolve();
      });
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  };

  return {
    get isOver() {
      return isOver;
    },
    startedAtMs,
    look: (read) => (isOver ? never() : attempt(read)),
    change: async (what, apply) => {
      if (isOver) return never();
      const delayMs = slownessMs();
      if (delayMs > 0) await sleep(delayMs);
      const result = attempt(apply);
      if (!strikes()) return result;
      // The outcome is nobody's any more.
      result.catch(() => undefined);
      end("power-cut", what);
      return never();
    },
    sleep,
    end: (why) => end(why, why),
  };
}

function attempt<T>(run: () => T): Promise<T> {
  try {
    return Promise.resolve(run());
  } catch (cause) {
    return Promise.reject(cause instanceof Error ? cause : new Error(String(cause)));
  }
}

function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error("aborted");
}
