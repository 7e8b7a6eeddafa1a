import type { Chance } from "./chance.ts";

/** What becomes of changes that were not synced when power goes. Asked anew for each thing that has such changes. */
export interface Fates {
  /** Of `count` changes in the order in which they were made: which survive. */
  surviving(count: number): readonly boolean[];
  /** Which of `count` contents a thing is found with. The first is the one from before, the last is the newest. */
  choose(count: number): number;
  /** What the medium writes at once: a longer change may survive in part. */
  readonly granuleBytes: number;
  /** Whether a place that was being written can no longer be read. */
  damages(): boolean;
}

/** How a disk forgets (a power-cut disk of the rig with real bootloaders has the same ones). */
export type FatePolicy = "none" | "all" | "prefix" | "subset" | "torn";

export interface FateTerms {
  readonly policies: readonly [FatePolicy, ...FatePolicy[]];
  readonly granuleBytes: number;
  /** Share of the cuts that leave what was being written unreadable. */
  readonly damage: number;
}

/** The fates of one cut: a policy and its strength are drawn once, so that whole cuts are kind or hostile. */
export function drawnFates(
  chance: Chance,
  terms: FateTerms,
): Fates & { readonly policy: FatePolicy } {
  const policy = chance.pick(terms.policies);
  const strength = chance.fraction();
  const isDamaging = chance.happens(terms.damage);
  return {
    policy,
    granuleBytes: policy === "torn" ? terms.granuleBytes : Number.MAX_SAFE_INTEGER,
    surviving: (count) => survivorsOf(policy, count, strength, chance),
    choose: (count) => {
      if (policy === "none") return 0;
      if (policy === "all") return count - 1;
      return chance.below(count);
    },
    damages: () => isDamaging && chance.happens(0.5),
  };
}

function survivorsOf(
  policy: FatePolicy,
  count: number,
  strength: number,
  chance: Chance,
): readonly boolean[] {
  const prefix = policy === "prefix" ? chance.below(count + 1) : 0;
  return Array.from({ length: count }, (_, index) => {
    if (policy === "none") return false;
    if (policy === "all") return true;
    return policy === "prefix" ? index < prefix : chance.happens(strength);
  });
}
