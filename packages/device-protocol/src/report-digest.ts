import { concatBytes, hex, utf8, type Crypto } from "@moult/base";
import { Sha256, type Inventory, type ReportedContext, type Running } from "@moult/model";

/**
 * Digest of a flat report, the same on both sides: SHA-256 over its JSON with names in code-unit order and no spaces.
 */
export function inventoryDigest(inventory: Inventory, crypto: Pick<Crypto, "sha256">): Sha256 {
  return digest(canonical(inventory), crypto);
}

/** Digest of what a device runs: its artifact name and what it provides. */
export function runningDigest(running: Running, crypto: Pick<Crypto, "sha256">): Sha256 {
  return digest(JSON.stringify([running.artifactName, canonical(running.provides)]), crypto);
}

/** Digest of what a device says of its circumstances. */
export function contextDigest(context: ReportedContext, crypto: Pick<Crypto, "sha256">): Sha256 {
  const { busy, driving, metered, onPower, batteryPercent, unknown } = context;
  const said = [busy, driving, metered, onPower, batteryPercent, unknown];
  return digest(JSON.stringify(said.map((each) => each ?? null)), crypto);
}

/** What a device signs for `purpose`: the purpose, then the raw body. */
export function signedMessage(purpose: string, body: Uint8Array): Uint8Array {
  return concatBytes([utf8(purpose), body]);
}

function canonical(attributes: Readonly<Record<string, string>>): string {
  return JSON.stringify(
    Object.entries(attributes).toSorted(([left], [right]) =>
      left < right ? -1 : left > right ? 1 : 0,
    ),
  );
}

function digest(text: string, crypto: Pick<Crypto, "sha256">): Sha256 {
  return Sha256.parse(hex(crypto.sha256(utf8(text))));
}
