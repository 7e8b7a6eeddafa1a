/** Time inside one run of the agent. */
export interface Ticker {
  /** Never goes back, does not jump when the clock is set. */
  monotonicMs(): number;
  /** Resolves after `delayMs`; rejects with the signal's reason when it is aborted. */
  sleep(delayMs: number, signal: AbortSignal): Promise<void>;
}
