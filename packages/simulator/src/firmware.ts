import {
  BOOT_COPY_NAMES,
  chooseBoot,
  decodeBootCopy,
  encodeBootCopy,
  otherSlot,
  type BootCopies,
  type Slot,
} from "@moult/agent-core";
import type { SimulatedFolder } from "./simulated-folder.ts";

/** What a bootloader decided. */
export interface BootPlan {
  /** Whether it found a copy of its environment that parses. */
  readonly isCertain: boolean;
  /** What to load, in this order. */
  readonly order: readonly Slot[];
  /** Whether the first of them is on trial. */
  readonly isTrial: boolean;
  /** What it writes before, without being able to make the disk keep it. */
  readonly write: { readonly name: string; readonly bytes: Uint8Array } | null;
  readonly says: string;
}

/** Reads the two copies as they are on the medium. */
type ReadCopy = (name: string) => Uint8Array | null;

/** The machine's first program: the shipped choice around a bootloader's few means. */
export interface Firmware {
  /** What the factory puts there. */
  provision(folder: SimulatedFolder): void;
  plan(read: ReadCopy): BootPlan;
  /** What it does when its write failed. */
  withoutWrite(plan: BootPlan): BootPlan;
  /** Whether both copies of the environment parse. */
  hasBoth(read: ReadCopy): boolean;
  /** The slot that nothing is to be started from. */
  spareOf(read: ReadCopy): Slot | undefined;
}

export const shippedFirmware: Firmware = {
  provision: (folder) => {
    const factory = { good: "a", trial: null, triesLeft: 0 } as const;
    for (const [copy, name] of BOOT_COPY_NAMES.entries())
      folder.write(name, encodeBootCopy({ ...factory, generation: copy + 1 }));
  },
  plan: (read) => {
    const { slot, good, write, isCertain } = chooseBoot(copiesBy(read));
    return {
      isCertain,
      // A system that cannot be loaded: the good one, and if that cannot be loaded either, the other.
      isTrial: slot !== good,
      order: slot === good ? [good, otherSlot(good)] : [slot, good],
      write: write === null ? null : { name: BOOT_COPY_NAMES[write.copy], bytes: write.bytes },
      says: `slot ${slot}, good is ${good}${isCertain ? "" : ", by guessing"}`,
    };
  },
  // A start that is not counted would be repeated for ever.
  withoutWrite: (plan) => ({ ...plan, isTrial: false, order: plan.order.slice(1) }),
  hasBoth: (read) =>
    copiesBy(read).every((copy) => copy !== undefined && decodeBootCopy(copy) !== undefined),
  spareOf: (read) => {
    const { slot, good } = chooseBoot(copiesBy(read));
    return slot === good ? otherSlot(good) : undefined;
  },
};

function copiesBy(read: ReadCopy): BootCopies {
  const [first, second] = BOOT_COPY_NAMES;
  return [read(first) ?? undefined, read(second) ?? undefined];
}
