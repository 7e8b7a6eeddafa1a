import { assert, canonicalText, hex, utf8 } from "@moult/base";
import { nodeCrypto } from "@moult/node-crypto";
import { PART_NAME } from "@moult/trust";

// What decides an offer is for the most part the same for every device: the plan, the artifacts, what a client understands.
// Those parts are kept once for a deployment and named by their digest, so that an offer costs as many bytes as its device is
// different, and the chain still covers all of it.

/** Members of inputs that many events share. A name that is missing here costs room, and nothing else. */
const SHARED_NAMES: ReadonlySet<string> = new Set([
  "plan",
  "artifact",
  "artifacts",
  "traits",
  "waived",
  "target",
]);
/** Shorter ones are not worth their name. */
const SHARED_CHARACTERS_MIN = 150;

export interface PackedInputs {
  readonly text: string;
  /** Text by digest. */
  readonly shared: ReadonlyMap<string, string>;
}

/** The inputs as they are stored: canonical JSON with what is shared taken out. */
export function packInputs(inputs: unknown): PackedInputs {
  const shared = new Map<string, string>();
  const pack = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(pack);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => {
        if (!SHARED_NAMES.has(name) || typeof member !== "object") return [name, pack(member)];
        const text = canonicalText(member);
        if (text.length < SHARED_CHARACTERS_MIN) return [name, member];
        const sha256 = digestOf(text);
        shared.set(sha256, text);
        return [name, { [PART_NAME]: sha256 }];
      }),
    );
  };
  return { text: canonicalText(pack(inputs)), shared };
}

/** The inputs as they were; every digest that they name is in `shared`. */
export function unpackInputs(inputs: unknown, shared: ReadonlyMap<string, string>): unknown {
  const sha256 = nameOf(inputs);
  if (sha256 !== undefined) {
    const text = shared.get(sha256);
    assert(text !== undefined, "what inputs name is there");
    return JSON.parse(text);
  }
  if (Array.isArray(inputs)) return inputs.map((value) => unpackInputs(value, shared));
  if (typeof inputs !== "object" || inputs === null) return inputs;
  return Object.fromEntries(
    Object.entries(inputs).map(([name, member]) => [name, unpackInputs(member, shared)]),
  );
}

const digestOf = (text: string): string => hex(nodeCrypto.sha256(utf8(text)));

function nameOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !(PART_NAME in value)) return undefined;
  return typeof value[PART_NAME] === "string" ? value[PART_NAME] : undefined;
}
