import type { FatePolicy } from "./fates.ts";

/** How hostile a disk is; each level has the faults of those before it unless it says otherwise. */
export type FaultLevel = "L0" | "L1" | "L2" | "L3" | "L4" | "L5";

export interface LevelTerms {
  /** For people. */
  readonly faults: string;
  readonly policies: readonly [FatePolicy, ...FatePolicy[]];
  readonly granuleBytes: number;
  /** Share of the cuts that leave what was being written unreadable. */
  readonly damage: number;
  /** Chance that a sync says it is done and is not. */
  readonly lies: number;
  /** Chance per power-on that a bit of a slot flips that nothing runs from. */
  readonly rot: number;
  /** Chance per power-on that the bootloader reads one copy of its environment wrongly. */
  readonly shornReads: number;
  /** What is promised on such a disk. */
  readonly promise: "everything" | "a-whole-system-starts";
  /** Whether what boots is checked block by block (dm-verity), so that a damaged system does not start. */
  readonly hasVerity: boolean;
}

const HONEST = {
  damage: 0,
  lies: 0,
  rot: 0,
  shornReads: 0,
  hasVerity: false,
  promise: "everything",
} as const;

const LEVELS: Readonly<Record<FaultLevel, LevelTerms>> = {
  L0: {
    ...HONEST,
    faults: "an honest disk that keeps order: a cut loses all that was not synced, or nothing",
    policies: ["none", "all"],
    granuleBytes: 4_096,
  },
  L1: {
    ...HONEST,
    faults: "unsynced changes survive in any subset and any order",
    policies: ["none", "all", "prefix", "subset"],
    granuleBytes: 4_096,
  },
  L2: {
    ...HONEST,
    faults: "a change is torn at 512 bytes",
    policies: ["none", "all", "prefix", "subset", "torn", "torn"],
    granuleBytes: 512,
  },
  L3: {
    ...HONEST,
    faults: "what was being written when power went cannot be read",
    policies: ["none", "all", "prefix", "subset", "torn"],
    granuleBytes: 512,
    damage: 0.3,
  },
  L4: {
    ...HONEST,
    faults: "syncs that lie (with dm-verity)",
    policies: ["none", "all", "prefix", "subset", "torn"],
    granuleBytes: 4_096,
    lies: 0.3,
    promise: "a-whole-system-starts",
    hasVerity: true,
  },
  L5: {
    ...HONEST,
    faults:
      "bits rot in the slot that nothing runs from, the environment is read wrongly (with dm-verity)",
    policies: ["none", "all", "prefix", "subset", "torn"],
    granuleBytes: 512,
    damage: 0.3,
    rot: 0.3,
    shornReads: 0.2,
    hasVerity: true,
  },
};

export const FAULT_LEVELS = Object.keys(LEVELS) as readonly FaultLevel[];

export const termsOf = (level: FaultLevel): LevelTerms => LEVELS[level];
