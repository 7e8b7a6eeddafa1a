import { present, type Random } from "@moult/base";
import { CUT_POLICIES, type CutPolicy } from "../disk/cut-policy.ts";
import type { PartitionName } from "../image/disk-layout.ts";
import type { DiskMoment } from "../machine/rig-device.ts";
import { MILESTONES, type Milestone } from "./serial-mark.ts";

/** When power goes, and what the disk makes of it. */
export interface CutPlan {
  /** Null: from power-on; a moment of the disk's, without a delay. */
  readonly after: Milestone | DiskMoment | null;
  readonly delayMs: number;
  /** Power goes directly after the write that comes next then, to whatever partition: so that something is not flushed. */
  readonly isAtWrite: boolean;
  readonly policy: CutPolicy;
}

/** Of cuts by the clock alone, those before the system runs are most. */
const BY_CLOCK = 0.1;
/** Of cuts directly after a write to a certain place. */
const BY_DISK = 0.4;
/** Of the others, those that wait for a write; the rest come wherever they come. */
const AT_WRITE = 0.85;
/** To be hit equally often, and about how many writes an update makes there. `spare`: the slot that is not the good one; `choice`: where bootloaders look. */
const DISK_PLACES = [
  ["choice", 6],
  ["spare", 8],
  ["moult-data", 40],
] as const;
const SOON_MS = 60;
const LATE_MS = 2_500;
const BY_CLOCK_MS = 9_000;

export interface CutCircumstances {
  /** Stretches delays on a machine that is busy with other things. */
  readonly slowness: number;
  /** The partition of the slot that is not the good one. */
  readonly spare: PartitionName;
  /** The partition of what the bootloader chooses by. */
  readonly choice: PartitionName;
  /** Cuts come soon after this, if it is given. */
  readonly moment: Milestone | undefined;
  /** Cuts come while the spare slot is written. */
  readonly isWriting?: boolean | undefined;
}

export function drawCut(random: Random, circumstances: CutCircumstances): CutPlan {
  const { slowness, spare, moment, isWriting = false } = circumstances;
  const policy = pick(CUT_POLICIES, random);
  if (moment !== undefined)
    return { after: moment, delayMs: random.fraction() * SOON_MS, isAtWrite: false, policy };
  if (isWriting) {
    const writes = 1 + Math.floor(random.fraction() * 4);
    return { after: { partition: spare, writes }, delayMs: 0, isAtWrite: false, policy };
  }
  const way = random.fraction();
  if (way < BY_DISK) {
    const [place, writesMax] = pick(DISK_PLACES, random);
    const partition = place === "moult-data" ? place : circumstances[place];
    const writes = 1 + Math.floor(random.fraction() * writesMax);
    return { after: { partition, writes }, delayMs: 0, isAtWrite: false, policy };
  }
  const isAtWrite = random.fraction() < AT_WRITE;
  if (way < BY_DISK + BY_CLOCK) {
    const delayMs = random.fraction() * BY_CLOCK_MS * slowness;
    return { after: null, delayMs, isAtWrite, policy };
  }
  const after = pick(MILESTONES, random);
  const delayMs = random.fraction() * (random.fraction() < 0.5 ? SOON_MS : LATE_MS * slowness);
  return { after, delayMs, isAtWrite, policy };
}

const pick = <T>(values: readonly T[], random: Random): T =>
  present(values[Math.floor(random.fraction() * values.length)], "fractions are below 1");

/** For people. */
export function planText({ after, delayMs, isAtWrite, policy }: CutPlan): string {
  if (after !== null && typeof after === "object")
    return `${policy}, at write ${after.writes} to ${after.partition}`;
  return `${policy}, ${isAtWrite ? "at the next write " : ""}${Math.round(delayMs)} ms after ${after ?? "power-on"}`;
}
