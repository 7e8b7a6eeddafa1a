import { generateKeyPairSync } from "node:crypto";
import { instant } from "@moult/base";
import type { ChannelName, ProductName } from "@moult/model";
import type { TargetCustom, TargetsMetadata } from "@moult/trust";
import { newRoot, newTargets, type ChannelRole, type KeyGroup } from "./build-metadata.ts";
import { signWith, tufKeyOf, type KeySigner } from "./key-material.ts";

export const NOW = instant(Date.parse("2026-11-28T12:00:00Z"));

/** A signer with a new key in memory. */
export function testSigner(kind: "ed25519" | "ecdsa-p256" = "ed25519"): KeySigner {
  const { privateKey, publicKey } =
    kind === "ed25519"
      ? generateKeyPairSync("ed25519")
      : generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const key = tufKeyOf(publicKey);
  return { keyid: key.keyid, key, sign: async (message) => signWith(privateKey, message) };
}

export const groupOf = (signers: readonly KeySigner[], threshold = 1): KeyGroup => ({
  keys: signers.map(({ key }) => key),
  threshold,
});

export const channelOf = (
  product: string,
  channel: string,
  signers: readonly KeySigner[],
  threshold = 1,
): ChannelRole => ({
  product: product as ProductName,
  channel: channel as ChannelName,
  ...groupOf(signers, threshold),
});

/** A root with signers of every role. */
export function testRoot(rootSigners: readonly KeySigner[], threshold = 2, version = 1) {
  const online = { snapshot: testSigner(), timestamp: testSigner(), instruction: testSigner() };
  const targets = testSigner();
  const content = {
    root: groupOf(rootSigners, threshold),
    targets: groupOf([targets]),
    snapshot: groupOf([online.snapshot]),
    timestamp: groupOf([online.timestamp]),
    instruction: [online.instruction.key],
  };
  return { content, online, targets, root: newRoot(content, { version, now: NOW }) };
}

export const testTargets = (channels: readonly ChannelRole[], version = 1): TargetsMetadata =>
  newTargets(channels, { version, now: NOW });

const testCustom = (fields: Partial<TargetCustom> = {}): TargetCustom => ({
  version: "1.4.0" as never,
  hardwareTypes: ["board" as never],
  component: "main",
  format: "mender",
  securityCounter: 3,
  requires: {},
  conflicts: {},
  headSha256: "ef".repeat(32) as never,
  payloads: [{ type: "app", files: [] }],
  ...fields,
});

export const testTarget = (fields: Partial<TargetCustom> = {}) => ({
  length: 1_000,
  hashes: { sha256: "cd".repeat(32) },
  custom: { moult: testCustom(fields) },
});

export const TARGET_PATH = `gw2/prod/1.4.0/${"cd".repeat(32)}.mender`;
