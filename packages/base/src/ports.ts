import type { InstantMs } from "./time.ts";

/** What time it is. */
export interface Clock {
  now(): InstantMs;
}

/** Uniform numbers; seeded in simulations. Not for secrets. */
export interface Random {
  /** In [0, 1). */
  fraction(): number;
}

/**
 * The signature schemes that verification knows. Ed25519: RFC 8032, raw 64 bytes. ECDSA: P-256 with SHA-256, signature in
 * DER (RFC 3279). RSA: PSS with SHA-256 in both places (RFC 8017), 2048 bits or more.
 */
export type SignatureScheme = "ed25519" | "ecdsa-p256-sha256" | "rsa-pss-sha256";

/** Synchronous cryptography for the pure verification code. */
export interface Crypto {
  sha256(bytes: Uint8Array): Uint8Array;
  sha512(bytes: Uint8Array): Uint8Array;
  /**
   * `publicKey` is a DER SubjectPublicKeyInfo (RFC 5280), in the one encoding that its key has. False for a bad
   * signature, for an unusable key and for a key of another kind than the scheme's alike.
   */
  verify(
    scheme: SignatureScheme,
    publicKey: Uint8Array,
    message: Uint8Array,
    signature: Uint8Array,
  ): boolean;
}

/** Content on its way into `Blobs`, whose digest is known only at its end. */
export interface BlobWriter {
  write(chunk: Uint8Array): Promise<void>;
  /** Durable and readable under its digest when it returns; the same content again succeeds. */
  finish(): Promise<{ readonly sha256: string; readonly sizeBytes: number }>;
  /** Leaves nothing behind. Does nothing after `finish`. */
  discard(): Promise<void>;
}

/** Immutable byte strings, found by the lower-case hexadecimal SHA-256 of their content. */
export interface Blobs {
  begin(): Promise<BlobWriter>;
  /** The bytes from `start` up to, not including, `end`. Undefined when there is no such blob. */
  read(
    sha256: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<AsyncIterable<Uint8Array> | undefined>;
  sizeBytes(sha256: string): Promise<number | undefined>;
  /** Every digest there is, in no order. */
  list(): AsyncIterable<string>;
  delete(sha256: string): Promise<void>;
}

/** One line per event: a kebab-case name and fields, never prose and never a secret. */
export interface Log {
  debug(event: string, fields?: Readonly<Record<string, unknown>>): void;
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}
