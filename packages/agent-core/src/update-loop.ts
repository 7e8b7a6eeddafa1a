import { assert, errorChain, type Log } from "@moult/base";
import type { Running } from "@moult/model";
import {
  effects,
  initialState,
  next,
  type Effect,
  type UpdateEvent,
  type UpdateFacts,
  type UpdateState,
} from "@moult/updater";
import { createEffectRunner, type EffectRunner } from "./effect-runner.ts";
import type { StateReading, StateStore } from "./state-store.ts";
import type { Ticker } from "./ticker.ts";
import { createUpdateClock, type UpdateClock } from "./update-clock.ts";

/** What the device does; to await a deadline is the loop's own. */
export type DeviceEffect = Exclude<Effect, { kind: "await-deadline" }>;

/** One saved step of an update. */
export interface StateChange {
  readonly before: UpdateState;
  readonly event: UpdateEvent;
  readonly after: UpdateState;
}

/** What a device does around its updates; each is waited for. */
interface UpdateLoopHooks {
  /** The saved state was read, and nothing follows from it yet. What an earlier run left at work has to be ended now. */
  readonly loaded?: (state: UpdateState) => Promise<void>;
  /** What the start made of it is saved, and no effect has begun. */
  readonly recovered?: (state: UpdateState) => Promise<void>;
  /** The effects of `state` are about to begin. */
  readonly beforeEffects?: (state: UpdateState) => Promise<void>;
  /** The effects of `state` have begun, and those that it does not want have ended. */
  readonly afterEffects?: (state: UpdateState) => Promise<void>;
}

/** The updater, as the loop asks it. */
interface UpdateBrain {
  readonly next: typeof next;
  readonly effects: typeof effects;
}

export interface UpdateLoopDeps extends UpdateLoopHooks {
  readonly store: StateStore;
  /** Read once per event; the time is the loop's own. */
  readonly facts: () => Omit<UpdateFacts, "monotonicMs">;
  /** Does one effect and says how it ended; null when there is nothing to say. Failures are events. */
  readonly execute: (effect: DeviceEffect, signal: AbortSignal) => Promise<UpdateEvent | null>;
  readonly ticker: Ticker;
  readonly log: Log;
  /** What decides; the updater itself, unless a simulation has planted a bug in it. */
  readonly brain?: UpdateBrain;
  /** What the device runs when no state was saved yet. */
  readonly initialRunning: Running;
  /** Told after each saved change, before its effects begin. */
  readonly onChange?: (change: StateChange) => void;
}

/** Takes one device through its updates: the shell around the updater's `next` and `effects`. */
export interface UpdateLoop {
  /** Loads the saved state and goes on where it stopped. Once; never fails on a bad file. */
  start(): Promise<StateReading>;
  state(): UpdateState;
  /** Puts the event into the queue. Resolves when it was decided on, to whether it applied. */
  deliver(event: UpdateEvent): Promise<boolean>;
  /** Resolves when no event waits and none is being decided on. */
  settled(): Promise<void>;
  /** Aborted by `stop`. */
  readonly stopping: AbortSignal;
  /** Cancels what is under way without deciding anything. */
  stop(): Promise<void>;
}

/** Between two tries to save a state. */
const SAVE_RETRY_MS = 5_000;

/** Makes the loop of one device; nothing happens before `start`. */
export function createUpdateLoop(deps: UpdateLoopDeps): UpdateLoop {
  const loop = new Loop(deps);
  return {
    start: () => loop.start(),
    state: () => loop.state,
    deliver: (event) => loop.deliver(event),
    settled: () => loop.settled(),
    stopping: loop.stopping,
    stop: () => loop.stop(),
  };
}

interface QueuedEvent {
  readonly event: UpdateEvent;
  readonly done: (isApplied: boolean) => void;
}

/** One event at a time; saved before anything is done about it. */
class Loop {
  state: UpdateState;
  readonly stopping: AbortSignal;

  readonly #deps: UpdateLoopDeps;
  readonly #brain: UpdateBrain;
  readonly #clock: UpdateClock;
  readonly #effects: EffectRunner;
  readonly #stopper = new AbortController();
  readonly #queue: QueuedEvent[] = [];
  #pumping: Promise<void> | undefined;
  #isStarted = false;

  constructor(deps: UpdateLoopDeps) {
    this.#deps = deps;
    this.#brain = deps.brain ?? { next, effects };
    this.state = initialState(deps.initialRunning);
    this.stopping = this.#stopper.signal;
    this.#clock = createUpdateClock(deps.ticker);
    this.#effects = createEffectRunner(
      (effect, signal) => this.#execute(effect, signal),
      (event) => void this.deliver(event),
    );
  }

  async start(): Promise<StateReading> {
    assert(!this.#isStarted, "a loop is started once");
    this.#isStarted = true;
    const { store, loaded, recovered } = this.#deps;
    const { reading, state } = await store.load();
    if (state !== undefined) this.state = state;
    await loaded?.(this.state);
    const before = this.state;
    const started: UpdateEvent = { kind: "started" };
    const after = this.#brain.next(before, started, this.#facts());
    if (after !== before && !(await this.#become({ before, event: started, after })))
      return reading;
    await recovered?.(this.state);
    await this.#act();
    return reading;
  }

  deliver(event: UpdateEvent): Promise<boolean> {
    return new Promise((done) => {
      this.#queue.push({ event, done });
      this.#pumping ??= this.#pump();
    });
  }

  async settled(): Promise<void> {
    while (this.#pumping !== undefined) await this.#pumping;
  }

  async stop(): Promise<void> {
    this.#stopper.abort(new Error("the agent stops"));
    await this.#pumping;
    await this.#effects.want([]);
  }

  async #pump(): Promise<void> {
    for (let queued = this.#queue.shift(); queued !== undefined; queued = this.#queue.shift())
      queued.done(await this.#handle(queued.event));
    this.#pumping = undefined;
  }

  async #handle(event: UpdateEvent): Promise<boolean> {
    if (this.stopping.aborted) return false;
    const before = this.state;
    const after = this.#brain.next(before, event, this.#facts());
    if (after === before) return false;
    if (!(await this.#become({ before, event, after }))) return false;
    await this.#act();
    return true;
  }

  /** Durable before visible: whatever is done about a state, a power cut finds the state saved. */
  async #become(change: StateChange): Promise<boolean> {
    if (!(await this.#clock.pausedFor(() => this.#save(change.after)))) return false;
    this.state = change.after;
    this.#deps.onChange?.(change);
    return true;
  }

  async #act(): Promise<void> {
    const { beforeEffects, afterEffects } = this.#deps;
    await beforeEffects?.(this.state);
    await this.#effects.want(this.#brain.effects(this.state));
    await afterEffects?.(this.state);
  }

  /** A state that cannot be saved must not be acted on: the old one holds until it can. False when the agent stops. */
  async #save(state: UpdateState): Promise<boolean> {
    const { store, log, ticker } = this.#deps;
    while (!this.stopping.aborted) {
      try {
        await store.save(state);
        return true;
      } catch (cause) {
        log.error("state-not-saved", { state: state.kind, error: errorChain(cause) });
      }
      await ticker.sleep(SAVE_RETRY_MS, this.stopping).catch(() => undefined);
    }
    return false;
  }

  #facts(): UpdateFacts {
    return { ...this.#deps.facts(), monotonicMs: this.#clock.nowMs() };
  }

  async #execute(effect: Effect, signal: AbortSignal): Promise<UpdateEvent | null> {
    const either = AbortSignal.any([signal, this.stopping]);
    const event =
      effect.kind === "await-deadline"
        ? await this.#deadline(effect.atMs, either)
        : await this.#deps.execute(effect, either);
    return this.stopping.aborted ? null : event;
  }

  #deadline(atMs: number, signal: AbortSignal): Promise<UpdateEvent | null> {
    return this.#clock.until(atMs, signal).then(
      () => ({ kind: "deadline-passed" }),
      // Nobody waits for it any more.
      () => null,
    );
  }
}
