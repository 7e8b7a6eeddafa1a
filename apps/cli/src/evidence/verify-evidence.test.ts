import { generateKeyPairSync, sign } from "node:crypto";
import { instant, utf8 } from "@moult/base";
import { RECEIPT_PAYLOAD_TYPE, Receipt } from "@moult/device-protocol";
import { DeviceEvidence } from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import {
  newRole,
  newRoot,
  newTargets,
  signMetadata,
  tufKeyOf,
  type KeySigner,
} from "@moult/signing";
import {
  AUDIT_CHAIN_START,
  auditBlock,
  encodeEnvelope,
  eventDigest,
  preAuthenticationEncoding,
  type MetadataFile,
} from "@moult/trust";
import { expect, test } from "vitest";
import { verifyEvidence } from "./verify-evidence.ts";

const now = instant(Date.UTC(2026, 10, 28));
const id = (number: number): string =>
  `0198c0de-0001-7000-8000-${String(number).padStart(12, "0")}`;
const sha256 = "cd".repeat(32);
const path = `gw2/prod/2.0/${sha256}.mender`;

function signer(): KeySigner {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const key = tufKeyOf(publicKey);
  return { keyid: key.keyid, key, sign: async (message) => sign(null, message, privateKey) };
}

async function signed(metadata: object, signers: readonly KeySigner[]): Promise<string> {
  let file: MetadataFile = { signatures: [], signed: { ...metadata } };
  for (const one of signers) file = await signMetadata(file, one);
  return JSON.stringify(file);
}

const device = generateKeyPairSync("ed25519");
const root = [signer(), signer()];
const targets = signer();
const channel = signer();
const online = signer();
const groupOf = (signers: readonly KeySigner[], threshold = 1) => ({
  keys: signers.map(({ key }) => key),
  threshold,
});

async function metadata(channelSigner = channel): Promise<Record<string, string>> {
  const content = {
    root: groupOf(root, 2),
    targets: groupOf([targets]),
    snapshot: groupOf([online]),
    timestamp: groupOf([online]),
    instruction: [online.key],
  };
  const delegated = { product: "gw2" as never, channel: "prod" as never, ...groupOf([channel]) };
  const role = newRole({ [path]: { length: 1_000, hashes: { sha256 } } }, { version: 3, now });
  return {
    "1.root.json": await signed(newRoot(content, { version: 1, now }), root),
    "1.targets.json": await signed(newTargets([delegated], { version: 1, now }), [targets]),
    "3.gw2.prod.json": await signed(role, [channelSigner]),
  };
}

const receipt = Receipt.parse({
  type: "receipt",
  tenantId: id(1),
  deviceId: id(2),
  assignmentId: id(3),
  deploymentId: id(4),
  attempt: 1,
  outcome: "succeeded",
  artifactName: "2.0",
  path,
  sizeBytes: 1_000,
  sha256,
  generation: 5,
  instructionSha256: "ab".repeat(32),
  rootVersion: 1,
  role: "gw2.prod",
  roleVersion: 3,
  securityCounter: 0,
  running: { artifactName: "2.0", digest: "ef".repeat(32) },
  finishedAtMs: now,
});

function envelopeOf(content: Receipt): string {
  const payload = utf8(JSON.stringify(content));
  const signature = sign(
    null,
    preAuthenticationEncoding(RECEIPT_PAYLOAD_TYPE, payload),
    device.privateKey,
  );
  return encodeEnvelope(RECEIPT_PAYLOAD_TYPE, payload, [{ keyid: "", signature }]);
}

async function evidence(
  content: Receipt = receipt,
  files?: Record<string, string>,
): Promise<DeviceEvidence> {
  const texts = ["first", "second"];
  const eventDigests = texts.map((text) => eventDigest(text, nodeCrypto));
  const one = auditBlock(AUDIT_CHAIN_START, eventDigests, nodeCrypto);
  const two = auditBlock(one.sha256, [eventDigest("other", nodeCrypto)], nodeCrypto);
  return DeviceEvidence.parse({
    version: 1,
    exportedAt: "2026-11-28T00:00:00.000Z",
    tenantId: id(1),
    device: {
      id: id(2),
      name: "gw-17",
      product: "gw2",
      keys: [
        {
          fingerprint: "12".repeat(32),
          publicKey: device.publicKey.export({ format: "der", type: "spki" }).toString("base64"),
          state: "accepted",
        },
      ],
    },
    receipts: [
      {
        id: id(9),
        assignmentId: id(3),
        deploymentId: id(4),
        attempt: 1,
        outcome: "succeeded",
        receivedAt: "2026-11-28T00:00:00.000Z",
        problem: null,
        envelope: envelopeOf(content),
      },
    ],
    events: texts.map((text, index) => ({ sequence: index + 1, text, block: 1 })),
    metadata: files ?? (await metadata()),
    audit: {
      previousSha256: AUDIT_CHAIN_START,
      blocks: [
        { number: 1, count: 2, ...one, eventDigests },
        { number: 2, count: 1, ...two, eventDigests: null },
      ],
    },
  });
}

const problemOf = (of: DeviceEvidence): unknown =>
  [...verifyEvidence(of, nodeCrypto).receipts.values()][0];

test("evidence that nobody touched holds", async () => {
  const { receipts, problems, unsealed } = verifyEvidence(await evidence(), nodeCrypto);
  expect([...receipts.values()]).toEqual([null]);
  expect({ problems, unsealed }).toEqual({ problems: [], unsealed: 0 });
});

test.each<[string, (of: DeviceEvidence) => void, string]>([
  ["an event", ({ events }) => void (events[0]!.text = "forged"), "Event 1 is not the one"],
  [
    "what was sealed",
    ({ audit }) => void audit.blocks[0]!.eventDigests?.reverse(),
    "Events of block 1",
  ],
  ["the order of blocks", ({ audit }) => void audit.blocks.reverse(), "Block 2 does not follow"],
  ["a block taken out", ({ audit }) => void audit.blocks.shift(), "Block 2 does not follow"],
])("a change of %s is found", async (_, change, words) => {
  const changed = structuredClone(await evidence());
  change(changed);
  expect(verifyEvidence(changed, nodeCrypto).problems.join()).toContain(words);
});

test("a receipt of another, or of something else, proves nothing", async () => {
  expect(problemOf(await evidence({ ...receipt, tenantId: id(7) as never }))).toBe("other-tenant");
  expect(problemOf(await evidence({ ...receipt, deviceId: id(7) as never }))).toBe("other-device");
  expect(problemOf(await evidence({ ...receipt, attempt: 2 }))).toBe("other-attempt");
  expect(problemOf(await evidence({ ...receipt, outcome: "failed" }))).toBe("other-outcome");
  const foreign = structuredClone(await evidence());
  foreign.device.keys = [];
  expect(problemOf(foreign)).toBe("signature-invalid");
});

test("what offline keys did not sign vouches for nothing", async () => {
  const files = await metadata();
  const without = (name: string) =>
    Object.fromEntries(Object.entries(files).filter(([file]) => file !== name));
  expect(problemOf(await evidence(receipt, await metadata(signer())))).toBe("role-not-signed");
  expect(problemOf(await evidence(receipt, without("1.targets.json")))).toBe("role-not-signed");
  expect(problemOf(await evidence(receipt, without("1.root.json")))).toBe("root-not-verified");
  expect(problemOf(await evidence(receipt, without("3.gw2.prod.json")))).toBe("role-missing");
  expect(problemOf(await evidence({ ...receipt, sizeBytes: 1 }))).toBe("target-differs");
  expect(problemOf(await evidence({ ...receipt, path: "gw2/prod/2.0/x" }))).toBe(
    "target-not-listed",
  );
});
