import { generateKeyPairSync, sign } from "node:crypto";
import { utf8 } from "@moult/base";
import { DeviceId, TenantId } from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeEnvelope, preAuthenticationEncoding } from "./dsse.ts";
import {
  INSTRUCTION_PAYLOAD_TYPE,
  isUnderPrefix,
  verifyInstruction,
  type Instruction,
  type InstructionPolicy,
} from "./instruction.ts";

const signer = generateKeyPairSync("ed25519");
const stranger = generateKeyPairSync("ed25519");
const deviceId = DeviceId.parse("0198c0de-0000-7000-8000-000000000001");
const tenantId = TenantId.parse("0198c0de-0000-7000-8000-000000000002");
const other = "0198c0de-0000-7000-8000-000000000003";

const policy: InstructionPolicy = {
  keys: [
    {
      scheme: "ed25519",
      publicKey: signer.publicKey.export({ format: "der", type: "spki" }),
    },
  ],
  tenantId,
  deviceId,
  nonce: "bm9uY2Utb2YtMTYtYnl0ZXM=",
  generation: 6,
  pathPrefix: "gw2/prod/",
};

const install: Instruction = {
  type: "instruction",
  tenantId,
  deviceId,
  nonce: policy.nonce,
  generation: 7,
  issuedAtMs: 1_000_000,
  expiresAtMs: 4_600_000,
  action: {
    kind: "install",
    assignmentId: other as never,
    deploymentId: other as never,
    attempt: 1,
    artifactName: "2.0",
    components: [
      {
        name: "main",
        path: "gw2/prod/2.0/a.mender",
        sizeBytes: 5120,
        sha256: "ab".repeat(32) as never,
      },
    ],
  },
  ask: [],
  checkInSeconds: 60,
};

function envelope(content: unknown, key = signer.privateKey, type = INSTRUCTION_PAYLOAD_TYPE) {
  const payload = utf8(JSON.stringify(content));
  const signature = sign(null, preAuthenticationEncoding(type, payload), key);
  return utf8(encodeEnvelope(type, payload, [{ keyid: "hint", signature }]));
}

test("a device accepts the answer to its own question, signed by its provisioned key", () => {
  expect(verifyInstruction(envelope(install), policy, nodeCrypto)).toEqual({
    kind: "verified",
    instruction: install,
    issuedAt: 1_000_000,
    lifetimeMs: 3_600_000,
    key: policy.keys[0],
  });
});

test.each([
  ["for another device", { ...install, deviceId: other }, "other-device"],
  ["of another tenant", { ...install, tenantId: other }, "other-tenant"],
  ["to another check-in", { ...install, nonce: "YW5vdGhlci1ub25jZS1oZXJl" }, "wrong-nonce"],
  ["it has already seen", { ...install, generation: 6 }, "generation-not-newer"],
  ["older than its own", { ...install, generation: 2 }, "generation-not-newer"],
  ["that lives too long", { ...install, expiresAtMs: 1_000_000_000 }, "lifetime-invalid"],
  ["that expired when it was made", { ...install, expiresAtMs: 1_000_000 }, "lifetime-invalid"],
  ["with a field missing", { ...install, action: { kind: "install" } }, "instruction-malformed"],
  [
    "for a part that it does not have",
    {
      ...install,
      action: {
        ...install.action,
        components: [
          { name: "modem", path: "gw2/prod/2.0/a", sizeBytes: 1, sha256: "ab".repeat(32) },
        ],
      },
    },
    "other-component",
  ],
  [
    "outside its path prefix",
    {
      ...install,
      action: {
        ...install.action,
        components: [
          { name: "main", path: "gw2/dev/2.0/a", sizeBytes: 1, sha256: "ab".repeat(32) },
        ],
      },
    },
    "outside-path-prefix",
  ],
])("a device refuses an answer %s", (_case, content, reason) => {
  expect(verifyInstruction(envelope(content), policy, nodeCrypto)).toEqual({
    kind: "refused",
    reason,
  });
});

test("a device refuses an answer that another key signed, that has another type, or when it has no key", () => {
  const refused = (reason: string) => ({ kind: "refused", reason });
  expect(verifyInstruction(envelope(install, stranger.privateKey), policy, nodeCrypto)).toEqual(
    refused("signature-invalid"),
  );
  expect(
    verifyInstruction(envelope(install, signer.privateKey, "text/plain"), policy, nodeCrypto),
  ).toEqual(refused("wrong-payload-type"));
  expect(verifyInstruction(envelope(install), { ...policy, keys: [] }, nodeCrypto)).toEqual(
    refused("signature-invalid"),
  );
});

test("no single changed byte of an answer is accepted as something else", () => {
  const good = envelope(install);
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
      const bad = Uint8Array.from(good);
      bad[index] = (bad[index] ?? 0) ^ flip;
      const result = verifyInstruction(bad, policy, nodeCrypto);
      // The key id is a hint that nothing covers and nothing uses.
      if (result.kind === "verified") expect(result.instruction).toEqual(install);
    }),
    { numRuns: 3_000 },
  );
});

test("an answer of arbitrary bytes, or too long, is refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
      expect(verifyInstruction(bytes, policy, nodeCrypto).kind).toBe("refused");
    }),
  );
  expect(verifyInstruction(new Uint8Array(64 * 1024 + 1), policy, nodeCrypto)).toEqual({
    kind: "refused",
    reason: "envelope-too-large",
  });
});

test.each([
  ["gw2/prod/2.0/a.mender", true],
  ["gw2/prod/../dev/a", false],
  ["gw2/prod//a", false],
  ["gw2/prod/./a", false],
  ["gw2/prod/a\\b", false],
  ["gw2/prod/%2e%2e/a", false],
  ["gw2/production/a", false],
  ["gw2/prod/\u0000", false],
])("the path %s under gw2/prod/: %s", (path, expected) => {
  expect(isUnderPrefix(path, "gw2/prod/")).toBe(expected);
});
