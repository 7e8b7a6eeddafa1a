import type { DiskEvent } from "../disk/forgetful-disk.ts";
import type { RigSystem } from "../image/build-images.ts";
import { slotOf } from "../image/disk-layout.ts";
import type { RigDevice } from "../machine/rig-device.ts";
import { holding, predictStart } from "./boot-copies-on-disk.ts";
import { EnvironmentStates } from "./environment-states.ts";
import type { RigInvariant, RigTally } from "./rig-tally.ts";
import {
  milestoneOf,
  parseSerialLine,
  type Milestone,
  type SerialMark,
  type StartWords,
} from "./serial-mark.ts";

export interface WatchOptions {
  readonly device: Pick<
    RigDevice,
    "board" | "bootCopies" | "bootBlocks" | "bootOffsets" | "faultBeside" | "digestOf"
  > & {
    readonly disk: { ignoresForce: boolean; ignoresFlush: boolean; refusesWrites: boolean };
  };
  readonly systems: readonly RigSystem[];
  readonly tally: RigTally;
  /** Tries that the agent gives a trial. */
  readonly triesMax: number;
  /** Whether a cut may undo what the bootloader wrote: then each cut of a trial may give it one start more. */
  readonly isVolatile: boolean;
  readonly report: (invariant: RigInvariant, detail: string) => void;
}

/** Holds a device against what must be true of it, by its serial line, its disk, and what is written to the disk. */
export class Watch {
  readonly #options: WatchOptions;
  #predicted: StartWords | undefined;
  #started: StartWords | undefined;
  #runningSlot: string | undefined;
  /** Whether the bootloader counted a start of a trial, whatever became of it. */
  #isTrial = false;
  #isSystemUp = false;
  #isRestarting = false;
  #isTouchReported = false;
  /** Starts of a trial, by the generation that armed it, less those that a cut may have undone. */
  readonly #trialStarts = new Map<number, number>();
  #generation = 0;

  readonly #states: EnvironmentStates;

  constructor(options: WatchOptions) {
    const { device, report } = options;
    this.#options = options;
    this.#states = new EnvironmentStates({
      environment: device.board.environment,
      offsets: device.bootOffsets,
      blocks: device.bootBlocks(),
      onWrong: (detail) => report("environment-in-every-state", detail),
    });
  }

  beforeStart(): void {
    this.#started = undefined;
    this.#isTrial = false;
    this.#isSystemUp = false;
    this.#isRestarting = false;
    const copies = this.#options.device.bootCopies();
    this.#predicted = predictStart(copies);
    this.#generation = holding(copies)?.generation ?? 0;
  }

  /** The moment that a line marks, if it marks one. */
  onLine(line: string): Milestone | undefined {
    const { tally } = this.#options;
    const mark = parseSerialLine(line);
    if (mark === undefined) return undefined;
    this.#onMark(mark);
    const started = this.#started;
    const milestone = milestoneOf(mark, started !== undefined && started.slot === started.trial);
    if (milestone === "confirmed") tally.confirmations += 1;
    return milestone;
  }

  /** After a cut or a restart, before the next start. */
  afterEnd(isCut: boolean): void {
    const { device, report, isVolatile } = this.#options;
    this.#runningSlot = undefined;
    if (isCut) this.#states.takeOver(device.bootBlocks());
    if (isCut && isVolatile && this.#isTrial)
      this.#trialStarts.set(this.#generation, (this.#trialStarts.get(this.#generation) ?? 1) - 1);
    const now = holding(device.bootCopies());
    if (now === undefined) {
      report("environment-readable", "neither copy can be read");
      return;
    }
    const system = this.#systemIn(now.good);
    if (system === undefined) report("good-slot-whole", `slot ${now.good}`);
    const fault = system === undefined ? undefined : device.faultBeside(now.good, system.file);
    if (fault !== undefined) report("good-slot-whole", fault);
    if (system !== undefined && system.health !== "healthy")
      report("good-slot-healthy", `slot ${now.good}: ${system.name}`);
  }

  onDiskEvent(event: DiskEvent): void {
    this.#toStates(event);
    this.#mayTouch(event);
  }

  /** What the disk makes of it, which may not be what was asked. */
  #toStates(event: DiskEvent): void {
    const { device, tally } = this.#options;
    const { ignoresForce, ignoresFlush } = device.disk;
    if (event.kind === "write")
      this.#states.onDiskEvent({ ...event, isForced: event.isForced && !ignoresForce });
    else if (!ignoresFlush) this.#states.onDiskEvent(event);
    tally.environment = this.#states.counts;
  }

  #mayTouch(event: DiskEvent): void {
    const slot = this.#runningSlot;
    if (event.kind !== "write" || slot === undefined || this.#isTouchReported) return;
    const { startBytes, sizeBytes } = slotOf(this.#options.device.board.layout, slot);
    const end = event.offset + event.bytes.length;
    if (event.offset >= startBytes + sizeBytes || end <= startBytes) return;
    // One such write is as bad as thousands.
    this.#isTouchReported = true;
    const { report } = this.#options;
    report("running-slot-untouched", `slot ${slot}, byte ${event.offset - startBytes}`);
  }

  /** Whether the system that was started last came up as far as its first line. */
  get isSystemUp(): boolean {
    return this.#isSystemUp;
  }

  #onMark(mark: SerialMark): void {
    const { tally, report } = this.#options;
    if (mark.kind === "start") this.#onStart(mark);
    if (mark.kind === "system-started") this.#onSystem(mark.slot, mark.version, mark.cache);
    if (mark.kind === "restarting") this.#isRestarting = true;
    if (mark.kind === "kernel-trouble" && !(this.#isRestarting && DISK_TROUBLE.test(mark.line)))
      report("no-kernel-trouble", mark.line);
    if (mark.kind === "grub-trouble") this.#onGrubTrouble(mark.line);
    if (mark.kind === "repaired") tally.repairs += 1;
    if (mark.kind === "lost") {
      if (mark.folder === "/data") tally.lostDataPartitions += 1;
      else report("identity-kept", mark.folder);
    }
  }

  #onStart(words: StartWords): void {
    const { tally, report, triesMax } = this.#options;
    const { slot, good, trial } = words;
    tally.starts += 1;
    this.#started = words;
    if (this.#predicted !== undefined && textOf(this.#predicted) !== textOf(words))
      report("start-as-chosen", `${textOf(words)} instead of ${textOf(this.#predicted)}`);
    if (slot !== trial) {
      if (trial !== "") tally.fallBacks += 1;
      if (slot !== good) report("start-as-chosen", textOf(words));
      return;
    }
    this.#isTrial = true;
    tally.trialStarts += 1;
    const count = (this.#trialStarts.get(this.#generation) ?? 0) + 1;
    this.#trialStarts.set(this.#generation, count);
    if (count > triesMax) report("trial-is-bounded", `start ${count}: ${textOf(words)}`);
  }

  /** A slot that holds a release without a kernel cannot be started, and the good one is instead. */
  #onGrubTrouble(line: string): void {
    const started = this.#started;
    const isMeant =
      started !== undefined &&
      started.slot !== started.good &&
      this.#systemIn(started.slot)?.health === "without-kernel";
    if (!isMeant) this.#options.report("start-as-chosen", line);
    else if (line.startsWith(`moult: slot ${started.slot} cannot be started`)) {
      this.#started = { ...started, slot: started.good };
      this.#options.tally.fallBacks += 1;
    }
  }

  #onSystem(slot: string, version: string, cache: string): void {
    const { device, tally, report } = this.#options;
    this.#runningSlot = slot;
    this.#isSystemUp = true;
    device.disk.ignoresForce = false;
    device.disk.refusesWrites = false;
    if (this.#started !== undefined && slot !== this.#started.slot)
      report("start-as-chosen", `slot ${slot} runs, ${this.#started.slot} was started`);
    const system = this.#systemIn(slot);
    const holds = system?.name ?? "a mixture";
    if (holds !== version)
      report("boots-whole-system", `slot ${slot} says ${version} and holds ${holds}`);
    if (system !== undefined && system.health !== "healthy") tally.unhealthyStarts += 1;
    if (cache !== "write-back") report("cache-is-known", `cache=${cache}`);
  }

  #systemIn(slot: string): RigSystem | undefined {
    const digest = this.#options.device.digestOf(slot);
    return this.#options.systems.find(({ sha256 }) => sha256 === digest);
  }
}

/** Linux shuts the disk down before it restarts the machine; who still reads then, as the agent may, gets nothing. */
const DISK_TROUBLE = /I\/O error|EXT4-fs error/;

const textOf = ({ slot, good, trial, tries }: StartWords): string =>
  `slot=${slot} good=${good} trial=${trial} tries=${tries}`;
