import type { AcceptedInstruction } from "../server-link/check-in.ts";

/** The newest instruction this device accepted, while it may be acted on. Times are of the monotonic clock. */
export interface HeldInstruction {
  /** The instruction, unless its life is over. */
  current(nowMs: number): AcceptedInstruction | undefined;
  /**
   * Whether the next answer must be signed afresh: at the half-life of what is held, because an unsigned "it still holds"
   * proves nothing and a server (or somebody between) could hold a device on an old answer for ever.
   */
  needsFresh(nowMs: number): boolean;
  /** Until `needsFresh` becomes true; undefined when it is already. */
  freshForMs(nowMs: number): number | undefined;
  hold(accepted: AcceptedInstruction, lifetimeMs: number, nowMs: number): void;
  /** It was another server's. */
  forget(): void;
}

export function createHeldInstruction(): HeldInstruction {
  let held:
    | { readonly accepted: AcceptedInstruction; readonly atMs: number; readonly lifetimeMs: number }
    | undefined;
  const freshForMs = (nowMs: number): number | undefined => {
    if (held === undefined) return undefined;
    const leftMs = held.atMs + held.lifetimeMs / 2 - nowMs;
    return leftMs > 0 ? leftMs : undefined;
  };
  return {
    current: (nowMs) =>
      held !== undefined && nowMs < held.atMs + held.lifetimeMs ? held.accepted : undefined,
    needsFresh: (nowMs) => freshForMs(nowMs) === undefined,
    freshForMs,
    hold: (accepted, lifetimeMs, nowMs) => {
      held = { accepted, atMs: nowMs, lifetimeMs };
    },
    forget: () => {
      held = undefined;
    },
  };
}
