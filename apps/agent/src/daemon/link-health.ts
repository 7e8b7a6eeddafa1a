import { errorChain, unreachable, type InstantMs } from "@moult/base";
import { isAgentError } from "../agent-error.ts";
import type { ClockReading } from "../clock/time-floor.ts";
import type { CheckInResult } from "../server-link/check-in.ts";

/** How the link to the server is doing, for people who ask. */
export interface LinkHealthReading {
  readonly lastContactAtMs: InstantMs | null;
  readonly trouble: string | null;
  readonly refusals: number;
  readonly lastRefusal: string | null;
}

export interface LinkHealth {
  read(): LinkHealthReading;
  heard(result: CheckInResult, at: InstantMs): void;
  failed(error: unknown, clock: ClockReading): void;
  postponed(why: string): void;
}

export function createLinkHealth(): LinkHealth {
  let reading: LinkHealthReading = {
    lastContactAtMs: null,
    trouble: null,
    refusals: 0,
    lastRefusal: null,
  };
  return {
    read: () => reading,
    heard: (result, at) => {
      const trouble = troubleOf(result);
      reading = { ...reading, lastContactAtMs: at, trouble };
      if (result.kind === "refused")
        reading = { ...reading, refusals: reading.refusals + 1, lastRefusal: result.reason };
    },
    failed: (error, clock) => {
      const hint = isClockSuspect(error, clock)
        ? "; this device's clock is wrong or its certificates have run out"
        : "";
      reading = { ...reading, trouble: errorChain(error).join(": ") + hint };
    },
    postponed: (why) => {
      reading = { ...reading, trouble: why };
    },
  };
}

/** A certificate that is not valid yet, or no longer, is the usual sign of a clock that is wrong. */
function isClockSuspect(error: unknown, clock: ClockReading): boolean {
  if (!isAgentError(error, "tls-failed")) return false;
  return clock === "behind" || /CERT_(?:NOT_YET_VALID|HAS_EXPIRED)/.test(errorChain(error).join());
}

function troubleOf(result: CheckInResult): string | null {
  switch (result.kind) {
    case "holds":
    case "instructed":
      return null;
    case "refused":
      return `the server's answer was not obeyed: ${result.reason}`;
    case "problem": {
      const { status, code, detail } = result.problem;
      return `the server answered ${status} (${code})${detail === undefined ? "" : `: ${detail}`}`;
    }
    case "not-accepted":
      return NOT_ACCEPTED[result.state];
    default:
      return unreachable(result);
  }
}

const NOT_ACCEPTED = {
  pending: "an operator has not accepted this device yet",
  rejected: "an operator rejected this device",
  decommissioned:
    "this device was decommissioned; it asks again once or twice a day, and after a restart or `moult-agent check`",
} as const;
