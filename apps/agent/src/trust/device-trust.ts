import { hex, type Clock, type Log } from "@moult/base";
import { Sha256 } from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import {
  openTrust,
  type RefreshResult,
  type TargetResult,
  type Trust,
  type TrustRule,
  type TrustSource,
  type TrustState,
  type TrustStore,
  type VerificationKey,
} from "@moult/trust";
import { overlaid } from "./trust-store.ts";

/** How the newest look at the signed metadata ended, as `moult.trust` in the inventory says it. */
export type TrustStanding =
  | { readonly kind: "ok" }
  /** No new installation by these; everything else goes on. */
  | { readonly kind: "expired"; readonly role: string }
  | { readonly kind: "refused"; readonly rule: TrustRule; readonly role: string }
  /** The server cannot be asked for metadata, and what is known of them no longer says that nothing is newer. */
  | { readonly kind: "out-of-reach" };

/** The signed metadata this device believes. One look at a time: each one builds on what the one before stored. */
export interface DeviceTrust {
  /** Keys that may sign instructions, by the newest root this device has verified. */
  instructionKeys(): readonly VerificationKey[];
  /** Asks `source` for newer metadata. Throws when it cannot be asked; a refusal is told, remembered and logged. */
  refresh(source: TrustSource): Promise<RefreshResult>;
  /** What the metadata, as last refreshed, say of one artifact. */
  target(source: TrustSource, path: string): Promise<TargetResult>;
  state(): TrustState;
  standing(): TrustStanding;
  /** Has the store for itself while `run` takes, and takes in afterwards what it stored. Whoever yields gives way. */
  alone<Result>(run: () => Promise<Result>): Promise<Result>;
  /** For looks that nobody waits for: aborted when somebody wants to be alone. */
  yielding(): AbortSignal;
}

export interface DeviceTrustDeps {
  readonly store: TrustStore;
  readonly provisionedRoot: Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
}

export async function openDeviceTrust(deps: DeviceTrustDeps): Promise<DeviceTrust> {
  const { store, provisionedRoot, clock, log } = deps;
  const openOn = (at: TrustStore): Promise<Trust> =>
    openTrust({ store: at, provisionedRoot, crypto: nodeCrypto, clock });
  let isPersistent = true;
  /** A disk that takes nothing more must not keep the agent from starting; what was stored counts all the same. */
  const open = async (): Promise<Trust> => {
    try {
      const opened = await openOn(store);
      isPersistent = true;
      return opened;
    } catch (error) {
      log.error("trust-store-unusable", { error });
      isPersistent = false;
      return openOn(overlaid(store));
    }
  };
  let trust = await open();
  let standing: TrustStanding = { kind: "ok" };
  let isReached = true;
  let yielding = new AbortController();

  const inTurn = createTurns();
  const heard = (result: RefreshResult | TargetResult): void => {
    standing = standingAfter(result);
    if (result.kind !== "refused") return;
    const { rule, role, detail } = result;
    log.error("trust-refused", { rule, role, detail });
  };

  return {
    instructionKeys: () => trust.instructionKeys(),
    refresh: (source) =>
      inTurn(async () => {
        if (!isPersistent) trust = await open();
        const { rootVersion: before } = trust.state();
        isReached = false;
        const result = await trust.refresh(source);
        isReached = true;
        heard(result);
        const { rootVersion: version } = trust.state();
        if (version !== before) log.info("root-advanced", { from: before, to: version });
        return result;
      }),
    target: (source, path) =>
      inTurn(async () => {
        const result = await trust.target(source, path);
        if (result.kind === "refused") heard(result);
        return result;
      }),
    state: () => trust.state(),
    standing: () =>
      standing.kind === "ok" && !isReached && !isCurrent(trust.state(), clock)
        ? { kind: "out-of-reach" }
        : standing,
    alone: (run) => {
      yielding.abort(new Error("somebody at the device goes first"));
      yielding = new AbortController();
      return inTurn(async () => {
        try {
          return await run();
        } finally {
          trust = await open();
        }
      });
    },
    yielding: () => yielding.signal,
  };
}

/** Runs one call after the other, whatever came of the one before. */
function createTurns() {
  let last: Promise<unknown> = Promise.resolve();
  return <Result>(run: () => Promise<Result>): Promise<Result> => {
    const done = last.then(run, run);
    last = done.catch(() => undefined);
    return done;
  };
}

function standingAfter(result: RefreshResult | TargetResult): TrustStanding {
  if (result.kind !== "refused") return { kind: "ok" };
  const { rule, role } = result;
  return rule === "expired" ? { kind: "expired", role } : { kind: "refused", rule, role };
}

/** Whether the last timestamp that was verified still holds: its signers promise that there is nothing newer until it ends. */
function isCurrent({ roles }: TrustState, clock: Clock): boolean {
  const timestamp = roles.find(({ role }) => role === "timestamp");
  return timestamp !== undefined && timestamp.expiresAt > clock.now();
}

/** `ok`, `out-of-reach`, `expired: timestamp`, `refused: version-rollback`. */
export function standingText(standing: TrustStanding): string {
  switch (standing.kind) {
    case "ok":
    case "out-of-reach":
      return standing.kind;
    case "expired":
      return `expired: ${standing.role}`;
    case "refused":
      return `refused: ${standing.rule}`;
  }
}

/** Names a key without showing it: how an update remembers who signed for it. */
export const keySha256 = ({ publicKey }: VerificationKey): Sha256 =>
  Sha256.parse(hex(nodeCrypto.sha256(publicKey)));
