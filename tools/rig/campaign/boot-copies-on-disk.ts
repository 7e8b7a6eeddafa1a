import type { StartWords } from "./serial-mark.ts";

/** One copy of what a bootloader chooses from; undefined where it is none. */
export interface BootCopy {
  readonly generation: number;
  readonly good: string;
  readonly trial: string;
  readonly tries: number;
}
export type BootCopiesOnDisk = readonly [BootCopy | undefined, BootCopy | undefined];

/** What a block says, if it is a choice that the scripts that ship accept. */
export function validCopy(copy: BootCopy): BootCopy | undefined {
  const isSlot = (word: string): boolean => word === "a" || word === "b";
  const isValid =
    copy.generation >= 1 &&
    copy.tries >= 0 &&
    copy.tries <= 9 &&
    isSlot(copy.good) &&
    copy.good !== copy.trial &&
    (isSlot(copy.trial) || (copy.trial === "" && copy.tries === 0));
  return isValid ? copy : undefined;
}

/** The copy that holds: of two, the one with the higher generation. */
export function holding([first, second]: BootCopiesOnDisk): BootCopy | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return second.generation > first.generation ? second : first;
}

/** What is to be started from these copies, and what the bootloader is to say about it; undefined where it has to guess. */
export function predictStart(copies: BootCopiesOnDisk): StartWords | undefined {
  const now = holding(copies);
  if (now === undefined) return undefined;
  const { good, trial, tries } = now;
  if (trial === "" || tries === 0) return { slot: good, good, trial, tries };
  const [first, second] = copies;
  // The only copy there is, a bootloader does not write: so it cannot count, and starts what is good.
  const isCounted = first !== undefined && second !== undefined;
  return { slot: isCounted ? trial : good, good, trial, tries: tries - 1 };
}
