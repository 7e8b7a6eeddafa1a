import { assert, equalBytes, textFromUtf8, utf8 } from "@moult/base";
import type { BootChoice, Slot } from "./boot-control.ts";
import { posixCksum } from "./posix-cksum.ts";

// What a start is chosen from, for bootloaders without an environment of their own: two copies of one sector, each with a
// generation and a check. A change overwrites, in place, the copy that is not in force. So whatever a power cut leaves of
// the one, the other holds what was chosen before, and no file system stands between the bootloader and its two sectors.
//
//   # moult boot environment 1
//   generation=7
//   good=a
//   trial=b
//   tries=1
//   cksum=2418082923
//   ####...                 up to 512 bytes
//
// `cksum` is what the program of that name says about the lines before it, so that a shell can read and write a copy. A
// copy is valid when it is, byte for byte, the one way to write what it says.

export const BOOT_COPY_BYTES = 512;

/** Most starts of one trial. */
export const TRIES_MAX = 9;

export interface BootEnvironment extends BootChoice {
  /** Of two valid copies the one with the higher generation holds. */
  readonly generation: number;
}

export type BootCopyIndex = 0 | 1;

/** The bytes of both copies; undefined for what could not be read. */
export type BootCopies = readonly [Uint8Array | undefined, Uint8Array | undefined];

/** The copy to overwrite, and with what. */
export interface BootWrite {
  readonly copy: BootCopyIndex;
  readonly bytes: Uint8Array;
}

/** What a bootloader does. */
export interface BootDecision {
  /** What to start from. */
  readonly slot: Slot;
  /** To be done before `slot` is started. When it fails, `good` is started instead: an uncounted trial would never end. */
  readonly write: BootWrite | null;
  readonly good: Slot;
  /** False when neither copy is valid: the choice is a guess then. */
  readonly isCertain: boolean;
}

const FORM =
  /^# moult boot environment 1\ngeneration=([1-9][0-9]{0,14})\ngood=([ab])\ntrial=([ab]?)\ntries=([0-9])\n/;

/** What holds while no copy is valid; any change of it gets the first generation. */
const UNKNOWN: BootEnvironment = { generation: 0, good: "a", trial: null, triesLeft: 0 };

export function encodeBootCopy(environment: BootEnvironment): Uint8Array {
  const { generation, good, trial, triesLeft } = environment;
  assert(isPossible(environment), "a boot environment says one thing, within its bounds");
  const lines = `# moult boot environment 1\ngeneration=${generation}\ngood=${good}\ntrial=${trial ?? ""}\ntries=${triesLeft}\n`;
  return utf8(`${lines}cksum=${posixCksum(utf8(lines))}\n`.padEnd(BOOT_COPY_BYTES, "#"));
}

/** Undefined for what `encodeBootCopy` did not make. */
export function decodeBootCopy(bytes: Uint8Array): BootEnvironment | undefined {
  if (bytes.length !== BOOT_COPY_BYTES) return undefined;
  const [, generation, good, trial, tries] = FORM.exec(textFromUtf8(bytes) ?? "") ?? [];
  const environment: BootEnvironment = {
    generation: Number(generation),
    good: good === "b" ? "b" : "a",
    trial: trial === "a" || trial === "b" ? trial : null,
    triesLeft: Number(tries),
  };
  if (!isPossible(environment)) return undefined;
  return equalBytes(encodeBootCopy(environment), bytes) ? environment : undefined;
}

const isPossible = ({ generation, good, trial, triesLeft }: BootEnvironment): boolean =>
  generation >= 1 &&
  generation <= 999_999_999_999_999 &&
  trial !== good &&
  triesLeft >= 0 &&
  triesLeft <= (trial === null ? 0 : TRIES_MAX);

/** What holds, and the copy that says so; undefined when neither is valid. */
export function bootEnvironmentOf(
  copies: BootCopies,
): { readonly copy: BootCopyIndex; readonly environment: BootEnvironment } | undefined {
  const [first, second] = decoded(copies);
  if (first !== undefined && (second === undefined || first.generation >= second.generation))
    return { copy: 0, environment: first };
  return second === undefined ? undefined : { copy: 1, environment: second };
}

const decoded = ([first, second]: BootCopies) =>
  [first, second].map((bytes) => (bytes === undefined ? undefined : decodeBootCopy(bytes)));

/** The write that makes `choice` hold, durable once it is synced; the copy that holds now stays as it is. */
export function bootWrite(copies: BootCopies, choice: BootChoice): BootWrite {
  const now = bootEnvironmentOf(copies);
  const { generation } = now?.environment ?? UNKNOWN;
  const { good, trial, triesLeft } = choice;
  const bytes = encodeBootCopy({ generation: generation + 1, good, trial, triesLeft });
  return { copy: now?.copy === 0 ? 1 : 0, bytes };
}

/** The bootloader: what to start from, and what to write before. */
export function chooseBoot(copies: BootCopies): BootDecision {
  const now = bootEnvironmentOf(copies);
  if (now === undefined) return { slot: UNKNOWN.good, write: null, good: "a", isCertain: false };
  const { good, trial, triesLeft } = now.environment;
  if (trial === null || triesLeft === 0) return { slot: good, write: null, good, isCertain: true };
  const write = bootWrite(copies, { good, trial, triesLeft: triesLeft - 1 });
  return {
    slot: trial,
    write: isOwnWrite(copies, now.environment) ? { ...write, copy: now.copy } : write,
    good,
    isCertain: true,
  };
}

/**
 * Whether what holds was written by a start of this trial. A bootloader cannot sync: if it went from copy to copy, two
 * starts that die early would leave both at the mercy of a power cut. So it writes over its own copy, and the one that the
 * agent armed and synced stays.
 */
function isOwnWrite(copies: BootCopies, now: BootEnvironment): boolean {
  return decoded(copies).some(
    (other) =>
      other?.good === now.good && other.trial === now.trial && other.triesLeft > now.triesLeft,
  );
}
