import { isIPv6 } from "node:net";
import { HOUR_MS, MINUTE_MS, type Clock } from "@moult/base";
import { createAttemptLimit } from "./attempt-limit.ts";

/** Stands before every check of a password or a setup code, each of which is slow on purpose. */
export interface SignInGuard {
  /** Runs `attempt` if this address and this account may try; undefined when they tried too often. */
  admit<T>(who: Attempt, attempt: () => Promise<T>): Promise<T | undefined>;
  /** The password was right: this address is known to belong to the account. */
  welcome(who: Attempt): void;
}

export interface Attempt {
  readonly clientAddress: string;
  readonly account: string;
}

/** An office behind one address has many people. */
const OF_ADDRESS = { attemptsMax: 30, windowMs: 5 * MINUTE_MS };
/** One address alone never uses up what an account has, so one stranger locks nobody out. */
const OF_ADDRESS_AND_ACCOUNT = { attemptsMax: 10, windowMs: 10 * MINUTE_MS };
/** From all addresses together, against botnets: 2,400 guesses a day at most. */
const OF_ACCOUNT = { attemptsMax: 100, windowMs: HOUR_MS };
/** Pairs of address and account that signed in; they need nothing of the account's common attempts. */
const KNOWN_MAX = 10_000;
/** Each takes 32 MiB and a thread of four for a moment. */
const IN_FLIGHT_MAX = 32;

export function createSignInGuard(clock: Clock): SignInGuard {
  const ofAddress = createAttemptLimit(OF_ADDRESS, clock);
  const ofPair = createAttemptLimit(OF_ADDRESS_AND_ACCOUNT, clock);
  const ofAccount = createAttemptLimit(OF_ACCOUNT, clock);
  const known = new Set<string>();
  let inFlight = 0;

  const mayTry = ({ clientAddress, account }: Attempt): boolean => {
    const address = addressKey(clientAddress);
    const pair = `${address} ${account}`;
    return (
      inFlight < IN_FLIGHT_MAX &&
      ofAddress.take(address) &&
      ofPair.take(pair) &&
      (known.has(pair) || ofAccount.take(account))
    );
  };

  return {
    admit: async (who, attempt) => {
      if (!mayTry(who)) return undefined;
      inFlight += 1;
      try {
        return await attempt();
      } finally {
        inFlight -= 1;
      }
    },
    welcome: ({ clientAddress, account }) => {
      const address = addressKey(clientAddress);
      const pair = `${address} ${account}`;
      ofAddress.forgive(address);
      ofPair.forgive(pair);
      known.delete(pair);
      known.add(pair);
      const oldest = known.size > KNOWN_MAX ? known.values().next().value : undefined;
      if (oldest !== undefined) known.delete(oldest);
    },
  };
}

/** Whoever has one IPv6 address has a whole /64 of them. */
export function addressKey(address: string): string {
  if (!isIPv6(address)) return address;
  // The URL parser writes the address in its one canonical form (RFC 5952), without its zone.
  const canonical = new URL(`http://[${address.replace(/%.*$/, "")}]`).hostname.slice(1, -1);
  const [left = "", right] = canonical.split("::");
  const groupsOf = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const before = groupsOf(left);
  const after = groupsOf(right ?? "");
  const gap = right === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<string>(gap).fill("0"), ...after];
  // IPv4 in IPv6: what a server that listens on both sees of an IPv4 client.
  if (groups.slice(0, 6).join(":") === "0:0:0:0:0:ffff")
    return groups
      .slice(6)
      .flatMap((group) => {
        const bits = Number.parseInt(group, 16);
        return [bits >> 8, bits & 255];
      })
      .join(".");
  return `${groups.slice(0, 4).join(":")}::/64`;
}
