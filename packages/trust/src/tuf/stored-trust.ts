import { equalBytes, textFromUtf8, utf8, type Crypto } from "@moult/base";
import type * as z from "zod";
import { areOneChain, rotatesOnlineKeys, verifyAnchor, type VerifiedRoot } from "./root-chain.ts";
import { verifyFile, type Failure, type Signers, type Verified } from "./signed-file.ts";
import type { TrustStore } from "./trust-ports.ts";

const ROOT = "root";
const PREVIOUS_ROOT = "+previous-root";
/** The provisioned root that the other entries were verified from. */
const ANCHOR = "+anchor";
/** The version of the root that makes the stored timestamp and snapshot void; there while they may still be there. */
const RECOVERY = "+recovery";
const VOID_BY_RECOVERY = ["timestamp", "snapshot"] as const;
const OF_ANOTHER_REPOSITORY = [...VOID_BY_RECOVERY, "targets", PREVIOUS_ROOT, ROOT] as const;

/**
 * A role as it stands in a file's name, percent-encoded but for letters, digits and `_.-~`: never a `/`, never the `+` of
 * our own entries.
 */
export const fileNameOf = (role: string): string =>
  encodeURIComponent(role).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/**
 * What was trusted before, read with suspicion: an entry that cannot be verified anew counts as not there, so that no
 * damage to the store outlives the next refresh.
 */
export class StoredTrust {
  readonly #store: TrustStore;
  readonly #crypto: Crypto;

  constructor(store: TrustStore, crypto: Crypto) {
    this.#store = store;
    this.#crypto = crypto;
  }

  /** The newest root that can be trusted, given the one that the device was provisioned with. */
  async openRoot(provisioned: Uint8Array): Promise<VerifiedRoot | Failure> {
    const anchor = verifyAnchor(provisioned, this.#crypto);
    if (anchor.kind === "failed") return anchor;
    const stored = await this.#storedRoot();
    const isKnown = await this.#isAnchor(provisioned);
    const isOurs = stored === undefined || isKnown || areOneChain(anchor, stored, this.#crypto);
    if (!isOurs) await this.#removeAll(OF_ANOTHER_REPOSITORY);

    const kept = isOurs ? stored : undefined;
    const root =
      kept !== undefined && kept.metadata.version >= anchor.metadata.version ? kept : anchor;
    if (kept !== undefined && root === anchor && rotatesOnlineKeys(kept, anchor))
      await this.#removeAll(VOID_BY_RECOVERY);
    if (!isKnown) await this.#store.write(ANCHOR, provisioned);
    await this.#finishRecovery(root);
    return root;
  }

  /**
   * Makes `next` the trusted root. A power cut at any point leaves either root, and never a timestamp of keys that the
   * new root has revoked.
   */
  async advanceRoot(trusted: VerifiedRoot, next: VerifiedRoot): Promise<void> {
    const rotates = rotatesOnlineKeys(trusted, next);
    if (rotates) await this.#store.write(RECOVERY, utf8(String(next.metadata.version)));
    await this.#store.write(PREVIOUS_ROOT, trusted.bytes);
    await this.#store.write(ROOT, next.bytes);
    if (rotates) await this.#finishRecovery(next);
  }

  /** What is stored for a role, when those who may sign it now did. */
  async verified<Schema extends z.ZodType>(
    role: string,
    schema: Schema,
    signers: Signers,
  ): Promise<Verified<z.infer<Schema>> | undefined> {
    const bytes = await this.#store.read(fileNameOf(role));
    if (bytes === undefined) return undefined;
    const stored = verifyFile(bytes, schema, signers, this.#crypto);
    return stored.kind === "verified" ? stored : undefined;
  }

  async keep(role: string, bytes: Uint8Array): Promise<void> {
    await this.#store.write(fileNameOf(role), bytes);
  }

  async #storedRoot(): Promise<VerifiedRoot | undefined> {
    for (const entry of [ROOT, PREVIOUS_ROOT, ANCHOR]) {
      const bytes = await this.#store.read(entry);
      const root = bytes === undefined ? undefined : verifyAnchor(bytes, this.#crypto);
      if (root?.kind === "verified") return root;
    }
    return undefined;
  }

  async #isAnchor(provisioned: Uint8Array): Promise<boolean> {
    const anchor = await this.#store.read(ANCHOR);
    return anchor !== undefined && equalBytes(anchor, provisioned);
  }

  async #finishRecovery(root: VerifiedRoot): Promise<void> {
    const marker = await this.#store.read(RECOVERY);
    if (marker === undefined) return;
    const version = Number(textFromUtf8(marker));
    // A marker that cannot be read gives the benefit of the doubt to recovery: it costs one floor, not the device.
    if (!(version > root.metadata.version)) await this.#removeAll(VOID_BY_RECOVERY);
    await this.#store.remove(RECOVERY);
  }

  async #removeAll(entries: readonly string[]): Promise<void> {
    for (const entry of entries) await this.#store.remove(entry);
  }
}
