import { canonicalText, hex, utf8, type Crypto } from "@moult/base";

/** What stands before the first entry of a deployment's chain. */
export const DEPLOYMENT_CHAIN_START = "0".repeat(64);

/** An event of a deployment as its chain holds it. */
export interface ChainEntry {
  /** From 1, without a gap. */
  readonly number: number;
  readonly at: number;
  readonly deploymentId: string;
  readonly deviceId: string | null;
  readonly assignmentId: string | null;
  /** The event as the store has it, word for word. */
  readonly body: string;
  /** What decided it, word for word; null where a person or a device did. */
  readonly inputs: string | null;
}

/** The chain after `entry`: SHA-256, in lower-case hexadecimal, over the canonical JSON of the digest before and the entry. */
export function deploymentLink(
  previousSha256: string,
  { number, at, deploymentId, deviceId, assignmentId, body, inputs }: ChainEntry,
  crypto: Pick<Crypto, "sha256">,
): string {
  const linked = [previousSha256, number, at, deploymentId, deviceId, assignmentId, body, inputs];
  return hex(crypto.sha256(utf8(canonicalText(linked))));
}

/** How inputs name a part that is kept beside them: an object with this member, the SHA-256 of the part's text. */
export const PART_NAME = "$sha256";

/** The digests of the parts that stored inputs name. Of a text that is no JSON none; the chain says that it was changed. */
export function partsNamedIn(inputs: string | null): readonly string[] {
  if (inputs === null) return [];
  try {
    return namedIn(JSON.parse(inputs));
  } catch {
    return [];
  }
}

function namedIn(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  if (PART_NAME in value) return typeof value[PART_NAME] === "string" ? [value[PART_NAME]] : [];
  return Object.values(value).flatMap(namedIn);
}

/** What a chain is checked with, from one entry to the next. */
export interface ChainCheck {
  /** Number and digest of the entry before. */
  readonly number: number;
  readonly sha256: string;
  /** Texts of parts by digest, of those that were not found sound yet. */
  readonly parts: ReadonlyMap<string, string>;
  /** Digests of parts that were; whoever checks adds to them. */
  readonly sound: Set<string>;
}

export interface EntryFault {
  readonly kind: "missing" | "altered" | "inputs-altered";
  readonly sentence: string;
}

/** What is wrong with the entry that stands where the one after `check.number` belongs; undefined when it holds. */
export function entryFault(
  entry: (ChainEntry & { readonly sha256: string }) | undefined,
  { number: before, sha256, parts, sound }: ChainCheck,
  crypto: Pick<Crypto, "sha256">,
): EntryFault | undefined {
  const number = before + 1;
  if (entry?.number !== number) return { kind: "missing", sentence: `Entry ${number} is gone.` };
  if (deploymentLink(sha256, entry, crypto) !== entry.sha256)
    return {
      kind: "altered",
      sentence: `Entry ${number} is not what was written, or does not follow the one before it.`,
    };
  for (const name of partsNamedIn(entry.inputs)) {
    if (sound.has(name)) continue;
    const text = parts.get(name);
    if (text === undefined || hex(crypto.sha256(utf8(text))) !== name) {
      const what = text === undefined ? "gone" : "not what was written";
      const sentence = `A part of what decided entry ${number} is ${what}.`;
      return { kind: "inputs-altered", sentence };
    }
    sound.add(name);
  }
  return undefined;
}
