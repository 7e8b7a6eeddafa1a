import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { DAY_MS, assert, base64, utf8 } from "@moult/base";
import { nodeCrypto } from "@moult/node-crypto";
import {
  INSTRUCTION_PAYLOAD_TYPE,
  Instruction,
  encodeEnvelope,
  preAuthenticationEncoding,
  verifyInstruction,
} from "@moult/trust";

const ROUNDS = 2_000;

export interface InstructionCrypto {
  /** Of one thread. */
  readonly signedPerSecond: number;
  readonly verifiedPerSecond: number;
}

/** What an instruction costs without any network: made and signed as the signer does, verified as a device does. */
export function measureInstructionCrypto(): InstructionCrypto {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const [tenantId, deviceId] = [randomUUID(), randomUUID()];
  const nonce = base64(new Uint8Array(24));
  const envelopeOf = (generation: number): Uint8Array => {
    const instruction = Instruction.parse({
      type: "instruction",
      tenantId,
      deviceId,
      nonce,
      generation,
      issuedAtMs: 0,
      expiresAtMs: DAY_MS,
      action: {
        kind: "install",
        assignmentId: randomUUID(),
        deploymentId: randomUUID(),
        attempt: 1,
        artifactName: "2.0",
        components: [
          {
            name: "main",
            path: `bench/prod/2.0/${"a".repeat(64)}.mender`,
            sizeBytes: 1,
            sha256: "a".repeat(64),
          },
        ],
      },
      ask: [],
      checkInSeconds: 900,
    });
    const payload = utf8(JSON.stringify(instruction));
    const message = preAuthenticationEncoding(INSTRUCTION_PAYLOAD_TYPE, payload);
    const signature = new Uint8Array(sign(null, message, privateKey));
    return utf8(encodeEnvelope(INSTRUCTION_PAYLOAD_TYPE, payload, [{ keyid: "", signature }]));
  };
  const keys = [
    { scheme: "ed25519" as const, publicKey: publicKey.export({ format: "der", type: "spki" }) },
  ];
  const verify = (envelope: Uint8Array, generation: number): void => {
    const policy = { keys, tenantId, deviceId, nonce, generation, pathPrefix: "bench/prod/" };
    const { kind } = verifyInstruction(envelope, policy as never, nodeCrypto);
    assert(kind === "verified", "what was signed for a device is verified by it");
  };
  const envelopes: Uint8Array[] = [];
  return {
    signedPerSecond: perSecond((round) => envelopes.push(envelopeOf(round + 1))),
    verifiedPerSecond: perSecond((round) => verify(envelopes[round] ?? new Uint8Array(), round)),
  };
}

function perSecond(work: (round: number) => unknown): number {
  const startedMs = performance.now();
  for (let round = 0; round < ROUNDS; round += 1) work(round);
  return (ROUNDS / (performance.now() - startedMs)) * 1_000;
}
