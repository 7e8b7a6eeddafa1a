import { hash } from "node:crypto";
import type { Clock } from "@moult/base";
import { ApiError } from "../../platform/api-error.ts";
import { createAddressRate } from "../../platform/http/address-rate.ts";

/** Callers remembered at a time; beyond it the ones that asked longest ago are forgotten. */
const KNOWN_MAX = 50_000;

/** Keeps an address that tries credentials from asking the database without end. */
export interface CallerLimit {
  /** Refuses a caller of an address that sent too many wrong credentials, unless its own was right before. */
  admit(address: string, caller: string): void;
  right(caller: string): void;
  wrong(address: string, caller: string): void;
}

/**
 * Clients of this protocol send their credential with every request, so that only wrong ones are counted. One device with a wrong
 * token, or somebody who guesses, does not lock out those that share its address.
 */
export function createCallerLimit(clock: Clock): CallerLimit {
  const rate = createAddressRate(clock);
  const known = new Map<string, true>();
  return {
    admit: (address, caller) => {
      const waitSeconds = rate.waitSeconds(address);
      if (waitSeconds > 0 && !known.has(caller))
        throw new ApiError("too-many-requests", `Try again in ${waitSeconds} s.`);
    },
    right: (caller) => {
      known.delete(caller);
      known.set(caller, true);
      if (known.size <= KNOWN_MAX) return;
      const [oldest] = known.keys();
      if (oldest !== undefined) known.delete(oldest);
    },
    wrong: (address, caller) => {
      known.delete(caller);
      rate.take(address);
    },
  };
}

/** Who a request says it is, and by what; nothing that could be read back. */
export const callerKey = (...parts: readonly string[]): string =>
  hash("sha256", JSON.stringify(parts), "base64");
