import { CUT_POLICIES, type CutPolicy } from "../disk/cut-policy.ts";
import { MILESTONES, type Milestone } from "./serial-mark.ts";

/** What must hold, whatever power does. */
export const RIG_INVARIANTS = {
  "device-comes-back": "after every power-on the agent runs within the time that is given",
  "start-as-chosen": "GRUB starts what the boot environment on the disk says, and says so",
  "boots-whole-system": "the slot that is started holds, byte for byte, the system of a release",
  "good-slot-whole": "after a cut the good slot holds the whole system of a release",
  "good-slot-healthy":
    "a system that is ill, reaches no server or does not come up is never the good one",
  "environment-readable": "after a cut at least one copy of the boot environment can be read",
  "environment-in-every-state":
    "whichever of its sectors a cut leaves, the boot environment says what was chosen",
  "trial-is-bounded": "a trial is started no more often than it was given tries",
  "running-slot-untouched": "nothing is written to the slot that runs",
  "no-kernel-trouble": "the kernel finds its disk, its root and its memory in order",
  "identity-kept": "the partition with the device's identity is never lost",
  "cache-is-known": "Linux knows that the disk has a cache, so that it flushes",
  "server-agrees": "in the end the server's word of what the device runs is what it runs",
  "outcome-agrees":
    "no deployment of an unhealthy system succeeds, and in the end a healthy one does",
} as const;
export type RigInvariant = keyof typeof RIG_INVARIANTS;

export interface RigFinding {
  readonly cycle: number;
  readonly invariant: RigInvariant;
  readonly detail: string;
}

/** What came of a run, as it is written down. */
export interface RigTally {
  /** That found something to forget: the others prove little, and are counted apart. */
  cuts: number;
  cutsWithNothingPending: number;
  cutsBeforeTheSystem: number;
  readonly cutsByPolicy: Record<CutPolicy, number>;
  /** The moment that a cut came after. */
  readonly cutsAfter: Record<Milestone | "power-on", number>;
  powerOns: number;
  resets: number;
  starts: number;
  trialStarts: number;
  unhealthyStarts: number;
  confirmations: number;
  repairs: number;
  lostDataPartitions: number;
  fallBacks: number;
  deployments: { begun: number; succeeded: number; failed: number };
  /** Writes to the boot environment, and the states that cuts within them could have left: each was looked at. */
  environment: { writes: number; states: number };
  disk: {
    writes: number;
    writtenBytes: number;
    flushes: number;
    forcedWrites: number;
    tornWrites: number;
    lostWrites: number;
    pendingBytesMax: number;
  };
  /** How often each invariant was found broken. */
  readonly found: Record<RigInvariant, number>;
  seconds: number;
}

/** Every cut, whether something was pending or not. */
export const cyclesOf = ({ cuts, cutsWithNothingPending }: RigTally): number =>
  cuts + cutsWithNothingPending;

const zeroes = <Name extends string>(names: readonly Name[]): Record<Name, number> =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;

export const emptyRigTally = (): RigTally => ({
  cuts: 0,
  cutsWithNothingPending: 0,
  cutsBeforeTheSystem: 0,
  cutsByPolicy: zeroes(CUT_POLICIES),
  cutsAfter: zeroes(["power-on", ...MILESTONES]),
  powerOns: 0,
  resets: 0,
  starts: 0,
  trialStarts: 0,
  unhealthyStarts: 0,
  confirmations: 0,
  repairs: 0,
  lostDataPartitions: 0,
  fallBacks: 0,
  deployments: { begun: 0, succeeded: 0, failed: 0 },
  environment: { writes: 0, states: 0 },
  disk: {
    writes: 0,
    writtenBytes: 0,
    flushes: 0,
    forcedWrites: 0,
    tornWrites: 0,
    lostWrites: 0,
    pendingBytesMax: 0,
  },
  found: zeroes(Object.keys(RIG_INVARIANTS) as RigInvariant[]),
  seconds: 0,
});
