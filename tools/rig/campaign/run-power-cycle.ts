import { setTimeout as sleep } from "node:timers/promises";
import type { RigDevice } from "../machine/rig-device.ts";
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

/** Lets a device run until the planned cut, through as many restarts of its own as it takes, and cuts. */
export async function runUntilCut(options: PowerCycleOptions, plan: CutPlan): Promise<void> {
  const { device, watch, tally } = options;
  tally.powerOns += 1;
  const begunAt = performance.now();
  let last: Milestone | "power-on" = "power-on";
  const cutAtLatest = begunAt + CYCLE_MS_MAX * options.slowness();
  let cutAt: number | undefined;
  let stopped: Promise<void> | undefined;
  if (plan.after !== null && typeof plan.after === "object")
    stopped = device.stopAtWrite(plan.after);
  for (;;) {
    const { outcome, machine } = await runOnce(options, (milestone, cut) => {
      if (milestone !== undefined) last = milestone;
      if (milestone === undefined) stopped?.then(() => cut(0)).catch(() => undefined);
      const now = performance.now();
      if ((milestone ?? null) === plan.after) cutAt ??= now + plan.delayMs;
      // The machine may have restarted itself since the moment that the cut is timed by.
      if (cutAt !== undefined || now > cutAtLatest) cut(Math.max(0, (cutAt ?? now) - now));
    });
    if (outcome === "reset") {
      tally.resets += 1;
      continue;
    }
    tally.cuts += 1;
    tally.cutsByPolicy[plan.policy] += 1;
    tally.cutsAfter[last] += 1;
    if (!watch.isSystemUp) tally.cutsBeforeTheSystem += 1;
    const { pendingWrites } = await device.cutPower(machine, plan.policy);
    if (pendingWrites === 0) tally.cutsWithNothingPending += 1;
    watch.afterEnd(true);
    return;
  }
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
  { device, watch, isVolatile, slowness, report, isOver }: PowerCycleOptions,
  onMoment: (milestone: Milestone | undefined, cut: (delayMs: number) => void) => void,
): Promise<OneStart> {
  watch.beforeStart();
  device.disk.ignoresForce = isVolatile;
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
