import { hash, randomInt, timingSafeEqual } from "node:crypto";
import { rm } from "node:fs/promises";
import { readTextIfPresent, writeFileDurably } from "../platform/durable-file.ts";

/** Without letters and digits that look like others. */
const ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const GROUPS = 5;
const GROUP_LENGTH = 4;
/** What a file must hold to be taken for a code: one that a crash left empty is not. */
const LENGTH_MIN = 8;

/** What proves that whoever sets the server up can read its console or its disk. */
export interface SetupCode {
  /** As it is printed: 100 random bits in groups. Undefined while there is none. */
  text(): string | undefined;
  /** In time that does not tell how much of it was right; false while there is none. */
  isRight(given: string): boolean;
  /** Takes the code of the file, or makes one; it stays the same until it was used. */
  make(): Promise<void>;
  remove(): Promise<void>;
}

export function openSetupCode(path: string): SetupCode {
  let text: string | undefined;
  return {
    text: () => text,
    isRight: (given) => text !== undefined && timingSafeEqual(digestOf(given), digestOf(text)),
    make: async () => {
      const kept = (await readTextIfPresent(path))?.trim() ?? "";
      if (plain(kept).length >= LENGTH_MIN) {
        text = kept;
        return;
      }
      const made = randomCode();
      await writeFileDurably(path, `${made}\n`, 0o600);
      text = made;
    },
    remove: async () => {
      text = undefined;
      await rm(path, { force: true });
    },
  };
}

function randomCode(): string {
  const letter = (): string => ALPHABET.charAt(randomInt(ALPHABET.length));
  const group = (): string => Array.from({ length: GROUP_LENGTH }, letter).join("");
  return Array.from({ length: GROUPS }, group).join("-");
}

/** People leave out the hyphens, and type small letters. */
const plain = (code: string): string => code.replaceAll(/[\s-]/g, "").toUpperCase();

const digestOf = (code: string): Buffer => hash("sha256", plain(code), "buffer");
