import {
  MINUTE_MS,
  SECOND_MS,
  backOffDelayMs,
  unreachable,
  type BackOff,
  type Random,
} from "@moult/base";
import { createWaker } from "../platform/waker.ts";
import { UNREACHABLE, patience } from "../server-link/patience.ts";
import type { Ticker } from "@moult/agent-core";
import type { HeldInstruction } from "./held-instruction.ts";
import type { ContactResult, ServerContact } from "./server-contact.ts";

export interface CheckInLoopDeps {
  readonly contact: Pick<ServerContact, "contact">;
  readonly held: HeldInstruction;
  /** The device's own bounds for the interval between check-ins. */
  readonly bounds: { readonly secondsMin: number; readonly secondsMax: number };
  /** Told after each check-in how long the pause will be. */
  readonly onPause: (delayMs: number) => void;
  /** Told when the server did answer. */
  readonly onContact: () => void;
  readonly ticker: Ticker;
  readonly random: Random;
}

export interface CheckInLoop {
  /** Checks in at once, and again and again, until aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Checks in now. */
  wake(): void;
}

/** Before the first instruction nobody has said how often to ask. */
const INTERVAL_MS_DEFAULT = 5 * MINUTE_MS;

export function createCheckInLoop(deps: CheckInLoopDeps): CheckInLoop {
  const { contact, ticker, random } = deps;
  const waker = createWaker(ticker);

  return {
    wake: () => waker.wake(),
    run: async (signal) => {
      let failures: { readonly why: string; readonly count: number } = { why: "", count: 0 };
      let askedAtOnce = false;
      while (!signal.aborted) {
        let result: ContactResult;
        try {
          result = await contact.contact(signal);
        } catch (error) {
          if (signal.aborted) return;
          throw error;
        }
        const backOff = backOffAfter(result);
        const why = backOff === undefined ? "" : reasonOf(result);
        failures = { why, count: why === failures.why ? failures.count + 1 : 1 };

        // Once: a server that asks for the same again and again is answered at its interval.
        const isAsked = result.kind === "instructed" && result.accepted.instruction.ask.length > 0;
        const isAtOnce: boolean = isAsked && !askedAtOnce;
        askedAtOnce = isAtOnce;

        const delayMs = isAtOnce
          ? 0
          : backOff === undefined
            ? intervalMs(deps)
            : backOffDelayMs(backOff, failures.count, random);
        if (backOff === undefined) deps.onContact();
        deps.onPause(delayMs);
        await waker.sleep(delayMs, signal);
      }
    },
  };
}

/** As the server asked, within the device's bounds, up to a tenth earlier or later, and not past the half-life. */
function intervalMs({ held, bounds, ticker, random }: CheckInLoopDeps): number {
  const nowMs = ticker.monotonicMs();
  const askedSeconds = held.current(nowMs)?.instruction.checkInSeconds;
  const asked = askedSeconds === undefined ? INTERVAL_MS_DEFAULT : askedSeconds * SECOND_MS;
  const bounded = Math.min(
    Math.max(asked, bounds.secondsMin * SECOND_MS),
    bounds.secondsMax * SECOND_MS,
  );
  const spread = bounded * (0.9 + 0.2 * random.fraction());
  return Math.round(Math.min(spread, held.freshForMs(nowMs) ?? spread));
}

/** Undefined when the server was asked and answered as it should. */
function backOffAfter(result: ContactResult): BackOff | undefined {
  switch (result.kind) {
    case "holds":
    case "instructed":
    case "sync-refused":
      return undefined;
    case "refused":
    case "failed":
      return UNREACHABLE;
    case "not-accepted":
    case "problem":
      return patience(result);
    default:
      return unreachable(result);
  }
}

/** Failures in a row count together while their reason stays the same. */
function reasonOf(result: ContactResult): string {
  if (result.kind === "not-accepted") return result.state;
  if (result.kind === "problem") return result.problem.code;
  return result.kind;
}
