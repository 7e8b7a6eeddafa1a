import type { InstantMs } from "@moult/base";
import type { VerificationKey } from "../dsse.ts";
import type { Hashes } from "./metadata.ts";
import type { Role, TrustRefusal } from "./trust-rule.ts";
import type { TrustSource } from "./trust-ports.ts";

/** A target as the repository's signers describe it, and the role that does. */
export interface TrustedTarget {
  readonly path: string;
  readonly length: number;
  readonly hashes: Hashes;
  /** As it was signed; `targetCustom` reads Moult's part of it. */
  readonly custom: unknown;
}

/** A role whose metadata is trusted now, whether or not it has expired. */
export interface TrustedRole {
  readonly role: Role;
  readonly version: number;
  readonly expiresAt: InstantMs;
}

export interface TrustState {
  /** 0 when not even the provisioned root can be used. */
  readonly rootVersion: number;
  /** Root first, then whatever else was verified since `openTrust`. */
  readonly roles: readonly TrustedRole[];
}

export type RefreshResult = { readonly kind: "fresh" } | TrustRefusal;

export type TargetResult =
  | { readonly kind: "found"; readonly target: TrustedTarget; readonly role: Role }
  | { readonly kind: "not-found" }
  | TrustRefusal;

/**
 * A client of one TUF repository. Calls are made one after the other. Nothing here ever throws for what a source or a
 * store says, only when they throw themselves; a refusal leaves what was trusted before in force.
 */
export interface Trust {
  /** Brings root, timestamp, snapshot and targets up to date (TUF 5.3 to 5.6). */
  refresh(source: TrustSource): Promise<RefreshResult>;
  /** Looks a target up after a refresh that succeeded (TUF 5.6.7), and fetches the delegated roles on its way. */
  target(source: TrustSource, path: string): Promise<TargetResult>;
  /** The keys of which any one may sign instructions, by the newest trusted root, expired or not. */
  instructionKeys(): readonly VerificationKey[];
  state(): TrustState;
}
