import { randomBytes } from "node:crypto";
import { later, type Clock } from "@moult/base";
import { createSealedValues } from "../../platform/sealed-value.ts";

/** Long enough for a slow link, short enough that a recorded request is soon worthless. */
export const CHALLENGE_SECONDS = 60;

const RANDOM_BYTES = 16;
const PAYLOAD_BYTES = 8 + RANDOM_BYTES;

/** What a device signs to prove its key now. Nothing is kept: the expiry is sealed into it. */
export interface Challenges {
  issue(): string;
  isCurrent(challenge: string): boolean;
}

export function createChallenges(secret: Uint8Array, clock: Clock): Challenges {
  const sealed = createSealedValues(secret, "mdc1", PAYLOAD_BYTES);
  return {
    issue: () => {
      const payload = Buffer.alloc(PAYLOAD_BYTES);
      payload.writeBigUInt64BE(BigInt(later(clock.now(), CHALLENGE_SECONDS * 1_000)));
      randomBytes(RANDOM_BYTES).copy(payload, 8);
      return sealed.seal(payload);
    },
    isCurrent: (challenge) => {
      const payload = sealed.open(challenge);
      return payload !== undefined && Number(payload.readBigUInt64BE()) > clock.now();
    },
  };
}
