import type { Effect, UpdateEvent } from "@moult/updater";

/** Keeps exactly the wanted effects running. */
export interface EffectRunner {
  /**
   * Cancels what is no longer wanted and waits for its end, so that no two steps ever work on the device at once; lets what
   * is still wanted go on, or stay done; starts the rest. An effect is known by its content.
   */
  want(effects: readonly Effect[]): Promise<void>;
}

interface RunningEffect {
  readonly controller: AbortController;
  readonly ended: Promise<void>;
}

export function createEffectRunner(
  run: (effect: Effect, signal: AbortSignal) => Promise<UpdateEvent | null>,
  deliver: (event: UpdateEvent) => void,
): EffectRunner {
  const running = new Map<string, RunningEffect>();
  let lastReport: Promise<void> = Promise.resolve();

  const start = (effect: Effect): RunningEffect => {
    const controller = new AbortController();
    const perform = async (): Promise<void> => {
      if (controller.signal.aborted) return;
      const event = await run(effect, controller.signal);
      if (event !== null && !controller.signal.aborted) deliver(event);
    };
    if (effect.kind !== "report") return { controller, ended: perform() };
    // The server gets reports in the order in which they happened.
    lastReport = lastReport.then(perform);
    return { controller, ended: lastReport };
  };

  return {
    want: async (effects) => {
      const wanted = new Map(effects.map((effect) => [JSON.stringify(effect), effect]));
      const left = [...running].filter(([key]) => !wanted.has(key));
      // A report is said once it is due, whatever the next state wants.
      for (const [key, { controller }] of left)
        if (!isReport(key)) controller.abort(new Error("the update went on without this step"));
      await Promise.all(left.filter(([key]) => !isReport(key)).map(([, { ended }]) => ended));
      for (const [key] of left) running.delete(key);
      for (const [key, effect] of wanted) if (!running.has(key)) running.set(key, start(effect));
    },
  };
}

const isReport = (key: string): boolean => key.startsWith('{"kind":"report"');
