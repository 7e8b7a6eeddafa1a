import type { Inventory } from "@moult/model";
import { standingText } from "../trust/device-trust.ts";
import type { OpenedTrust } from "./open-device-trust.ts";

/** What a device tells of its trust, to people at it and in its inventory. */
export interface TrustReport {
  /** `ok`, `out-of-reach`, `expired: ROLE` or `refused: RULE`; anything but the first keeps new installations away, and nothing else. */
  readonly standing: string;
  readonly rootVersion: number;
  readonly securityCounter: number;
  /** Why a copy of the security counter could not be written. */
  readonly troubles: readonly string[];
}

export function trustReport({
  trust,
  counter,
}: Pick<OpenedTrust, "trust" | "counter">): TrustReport {
  return {
    standing: standingText(trust.standing()),
    rootVersion: trust.state().rootVersion,
    securityCounter: counter.read(),
    troubles: counter.troubles(),
  };
}

const VALUE_CHARACTERS_MAX = 1_000;

export function trustAttributes(report: TrustReport): Inventory {
  const { standing, rootVersion, securityCounter, troubles } = report;
  return {
    "moult.trust": standing,
    "moult.trust.root": String(rootVersion),
    "moult.trust.counter": String(securityCounter),
    ...(troubles.length === 0
      ? {}
      : { "moult.trust.trouble": troubles.join("; ").slice(0, VALUE_CHARACTERS_MAX) }),
  };
}
