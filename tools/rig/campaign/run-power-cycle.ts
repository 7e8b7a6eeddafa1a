import { setTimeout as sleep } from "node:timers/promises";
import type { DiskMoment, RigDevice } from "../machine/rig-device.ts";
import type { Machine } from "../machine/machine.ts";
import type { CutPlan } from "./cut-plan.ts";
import type { RigInvariant, RigTally } from "./rig-tally.ts";
import type { Milestone } from "./serial-mark.ts";
import type { Watch } from "./watch-device.ts";

export interface PowerCycleOptions {
  readonly device: RigDevice;
  readonly watch: Watch;
  readonly tally: RigTally;
  /** Whether the bootloader's writes stay in the disk's cache until Linux flushes it. */
  readonly isVolatile: boolean;
  /** Whether the disk refuses what the bootloader writes. */
  readonly refusesBootloader?: boolean;
  /** How much longer everything takes on this machine now than on a quiet one. */
  readonly slowness: () => number;
  readonly report: (invariant: RigInvariant, detail: string) => void;
  /** What was looked for is found: the cycle ends at once. */
  readonly isOver?: () => boolean;
}

/** From one mark to the next, on a quiet machine. */
const SILENCE_MS_MAX = 60_000;
/** A cut whose moment never comes is made at this age of the cycle: several updates, on a quiet machine. */
const CYCLE_MS_MAX = 60_000;

/** A write that a cut waits for and that does not come: the cut is made without it, on a quiet machine so much later. */
const WRITE_MS_MAX = 2_000;

/** Lets a device run until the planned cut, through as many restarts of its own as it takes, and cuts. */
export async function runUntilCut(options: PowerCycleOptions, plan: CutPlan): Promise<void> {
  const { device, watch, tally } = options;
  tally.powerOns += 1;
  let last: Milestone | "power-on" = "power-on";
  const strike = createStrike(options, plan);
  try {
    for (;;) {
      const { outcome, machine } = await runOnce(options, (milestone, cut) => {
        if (milestone !== undefined) last = milestone;
        strike.onMoment(milestone, cut);
      });
      if (outcome === "reset") {
        tally.resets += 1;
        continue;
      }
      const { pendingWrites } = await device.cutPower(machine, plan.policy);
      if (pendingWrites > 0) tally.cuts += 1;
      else tally.cutsWithNothingPending += 1;
      tally.cutsByPolicy[plan.policy] += 1;
      tally.cutsAfter[last] += 1;
      if (!watch.isSystemUp) tally.cutsBeforeTheSystem += 1;
      watch.afterEnd(true);
      return;
    }
  } finally {
    strike.end();
  }
}

/** Knows when the planned cut is due. Its timers go on while the machine restarts itself. */
function createStrike({ device, slowness }: PowerCycleOptions, plan: CutPlan) {
  const timers: NodeJS.Timeout[] = [];
  const after = (delayMs: number, what: () => void): void => {
    timers.push(setTimeout(what, delayMs));
  };
  let isDue = false;
  let isTimed = false;
  let cutNow: () => void = () => undefined;
  const strike = (): void => {
    isDue = true;
    cutNow();
  };
  const atWrite = (at: DiskMoment): void => void device.stopAtWrite(at).then(strike);
  const isAtDisk = plan.after !== null && typeof plan.after === "object";
  if (isAtDisk) atWrite(plan.after);
  after(CYCLE_MS_MAX * slowness(), strike);
  return {
    onMoment: (milestone: Milestone | undefined, cut: (delayMs: number) => void): void => {
      cutNow = () => cut(0);
      if (isDue) cutNow();
      if (isAtDisk || isTimed || (milestone ?? null) !== plan.after) return;
      isTimed = true;
      after(plan.delayMs, () => {
        if (!plan.isAtWrite) return strike();
        atWrite({ partition: "any", writes: 1 });
        after(WRITE_MS_MAX * slowness(), strike);
      });
    },
    end: (): void => {
      cutNow = () => undefined;
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

/** Lets a device run, through its own restarts, until `isDone`; then takes the power away and loses nothing. */
export async function runUntil(
  options: PowerCycleOptions,
  isDone: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<boolean> {
  const { device, watch, tally } = options;
  tally.powerOns += 1;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let hasEnded = false;
    let done = false;
    const { outcome, machine } = await runOnce(options, (milestone, cut) => {
      if (milestone !== undefined) return;
      const ask = async (): Promise<void> => {
        while (!hasEnded) {
          done = await isDone();
          if (done || performance.now() > deadline) {
            cut(0);
            return;
          }
          await sleep(500);
        }
      };
      ask().catch(() => cut(0));
    });
    hasEnded = true;
    if (outcome === "reset") {
      tally.resets += 1;
      continue;
    }
    await device.cutPower(machine, "all");
    watch.afterEnd(true);
    return done;
  }
}

interface OneStart {
  /** `reset`: the machine restarted itself; `cut`: it is to be cut, or shows no sign of life. */
  readonly outcome: "reset" | "cut";
  readonly machine: Machine;
}

/**
 * One start. `onMoment` hears of each milestone, and of power-on as undefined; it may set the moment of the cut, which ends
 * the wait but leaves the machine to be cut by the caller.
 */
async function runOnce(
  { device, watch, isVolatile, refusesBootloader, slowness, report, isOver }: PowerCycleOptions,
  onMoment: (milestone: Milestone | undefined, cut: (delayMs: number) => void) => void,
): Promise<OneStart> {
  watch.beforeStart();
  device.disk.ignoresForce = isVolatile;
  device.disk.refusesWrites = refusesBootloader === true;
  const { promise: isDue, resolve: due } = Promise.withResolvers<"cut">();
  let cutTimer: NodeJS.Timeout | undefined;
  let silence: NodeJS.Timeout | undefined;
  const cut = (delayMs: number): void => {
    clearTimeout(cutTimer);
    cutTimer = setTimeout(() => due("cut"), delayMs);
  };
  let lastLine = "";
  const sign = (): void => {
    clearTimeout(silence);
    silence = setTimeout(() => {
      report("device-comes-back", `nothing new after: ${lastLine}`);
      due("cut");
    }, SILENCE_MS_MAX * slowness());
  };
  sign();
  const machine = device.start((line) => {
    lastLine = line;
    sign();
    const milestone = watch.onLine(line);
    if (milestone !== undefined) onMoment(milestone, cut);
    if (isOver?.() === true) due("cut");
  });
  onMoment(undefined, cut);
  const end = await Promise.race([isDue, machine.ended]);
  clearTimeout(cutTimer);
  clearTimeout(silence);
  if (end === "cut") return { outcome: "cut", machine };
  await device.ended(machine);
  watch.afterEnd(false);
  if (end.kind === "failed") throw new Error(`the machine failed: ${end.detail}`);
  return { outcome: "reset", machine };
}
