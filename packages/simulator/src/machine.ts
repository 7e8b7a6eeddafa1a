import { otherSlot, type Slot } from "@moult/agent-core";
import { utf8 } from "@moult/base";
import type { Chance } from "./chance.ts";
import type { Checks } from "./checks.ts";
import type { Fates } from "./fates.ts";
import type { FolderPayload } from "./folder-payload.ts";
import { createLife, type Life, type LifeEnd } from "./life.ts";
import type { Power } from "./power.ts";
import { IMAGE_BYTES, type Images } from "./release.ts";
import type { Scenario } from "./scenario.ts";
import type { BootPlan, Firmware } from "./firmware.ts";
import { SimulatedFolder } from "./simulated-folder.ts";
import { SimulatedSlot } from "./simulated-slot.ts";
import { count, type Tally } from "./tally.ts";
import type { Trace } from "./trace.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** The system that was started. */
export interface Booted {
  /** Null on a device whose system is not updated. */
  readonly slot: Slot | null;
  /** Null: what stands in the slot is no whole release. */
  readonly release: number | null;
}

/** What a bootloader found, and what it made of it. */
export interface SeenBootPlan {
  /** Null where it could read nothing. */
  readonly copies: Readonly<Record<string, Uint8Array | null>>;
  /** Whether what stands in a slot can be loaded. */
  readonly isLoadable: Readonly<Record<Slot, boolean>>;
  readonly plan: BootPlan;
}

export interface MachineDeps {
  readonly scenario: Scenario;
  readonly time: VirtualTime;
  readonly power: Power;
  readonly chance: Chance;
  /** The fates of the next cut. */
  readonly fates: () => Fates;
  readonly firmware: Firmware;
  readonly images: Images;
  readonly checks: Checks;
  readonly trace: Trace;
  readonly tally: Tally;
  readonly isFaulty: () => boolean;
  /** Told of each choice that the bootloader makes. */
  readonly onBootPlan?: ((seen: SeenBootPlan) => void) | undefined;
  /** Power went, and what is left of the disk is settled. */
  readonly onPowerCut: () => void;
  /** Begins a run of the agent. */
  readonly startAgent: (life: Life) => void;
}

const UNREADABLE = utf8("unreadable");
const POWER_BACK_MS = 2_000;
const BOOT_MS = 8_000;
const AGENT_RESTART_MS = 1_000;
const DISK_FULL_MS_MAX = 10 * 60_000;
const WATCHDOG_MS = 60_000;
/** A system that panics or hangs late does so before anybody could have found it healthy. */
const LATE_DEATH_MS_MAX = 3_000;
/** Starts in a row without an agent, after which a machine counts as lost for good. */
const FRUITLESS_STARTS_MAX = 60;

/** A device's hardware: what outlives power, and what happens from power-on until the agent runs. */
export class Machine {
  readonly slots: Readonly<Record<Slot, SimulatedSlot>>;
  readonly boot = new SimulatedFolder();
  readonly data = new SimulatedFolder();
  /** One folder and one program for each payload that is not a slot. */
  readonly folders: readonly (SimulatedFolder | null)[];
  readonly programs: readonly FolderPayload[];
  booted: Booted = { slot: null, release: 0 };
  bootNumber = 0;
  /** What the agent noted in memory that lives as long as a run of the machine. */
  isRestartNoted = false;
  /** Of the clock on the wall, against the time since the world began. */
  wallOffsetMs: number;
  life: Life | undefined;

  readonly #deps: MachineDeps;
  readonly #hasSlots: boolean;
  #fruitlessStarts = 0;

  constructor(deps: MachineDeps, wallStartMs: number) {
    const { payloads } = deps.scenario;
    const factory = deps.images.of(0);
    this.#deps = deps;
    this.#hasSlots = payloads.includes("slot");
    this.wallOffsetMs = wallStartMs;
    this.slots = {
      a: new SimulatedSlot(factory, IMAGE_BYTES),
      b: new SimulatedSlot(new Uint8Array(), IMAGE_BYTES),
    };
    this.folders = payloads.map((kind) => (kind === "slot" ? null : new SimulatedFolder()));
    this.programs = payloads.map(() => ({ running: 0 }));
    deps.firmware.provision(this.boot);
    this.boot.syncAll();
  }

  powerOn(): void {
    const { scenario, trace } = this.#deps;
    if (this.#happens("clock at 1970", scenario.clockLost))
      this.wallOffsetMs = -this.#deps.time.nowMs;
    if (this.#happens("data partition lost", scenario.dataLost)) {
      trace.note(() => "the data partition is lost and made anew");
      this.data.lose();
      this.#deps.checks.dataLost();
    }
    if (scenario.terms.rot > 0) this.#rot();
    this.#startSystem();
  }

  /** What runs now, payload by payload; null for what is no whole release. */
  runs(): readonly (number | null)[] {
    return this.#deps.scenario.payloads.map((kind, index) =>
      kind === "slot" ? this.booted.release : (this.programs[index]?.running ?? null),
    );
  }

  /** What the start of a program would find chosen. */
  chosenProgram(index: number): number | null {
    const folder = this.folders[index];
    return folder === null || folder === undefined ? null : chosenIn(folder);
  }

  get wallMs(): number {
    return this.#deps.time.nowMs + this.wallOffsetMs;
  }

  get pendingCount(): number {
    const folders = this.#allFolders().reduce((sum, folder) => sum + folder.pendingCount, 0);
    return folders + this.slots.a.pendingCount + this.slots.b.pendingCount;
  }

  /** Other programs leave no space on the data partition for some minutes. */
  fillDisk(): void {
    const { time, chance, tally } = this.#deps;
    count(tally.faults, "disk full");
    this.data.freeBytes = 0;
    time.at(time.nowMs + chance.fraction() * DISK_FULL_MS_MAX, () => this.freeDisk());
  }

  freeDisk(): void {
    this.data.freeBytes = Number.MAX_SAFE_INTEGER;
  }

  /** The disk writes out whatever it holds back. */
  flush(): void {
    if (this.boot.hasForgettable) this.#deps.checks.bootloaderWriteSettled();
    this.boot.flush();
  }

  #startSystem(): void {
    if (!this.#hasSlots) {
      this.#startAgentOf({ slot: null, release: 0 });
      return;
    }
    this.#fruitlessStarts += 1;
    if (this.#fruitlessStarts > FRUITLESS_STARTS_MAX) {
      this.#deps.checks.neverStarts(`${this.#fruitlessStarts} starts in a row led to no agent`);
      return;
    }
    const plan = this.#askBootloader();
    if (plan === undefined) this.#resetAfter(POWER_BACK_MS, "power-cut", "the bootloader's write");
    else this.#startFirst(plan);
  }

  /** Undefined when power went meanwhile. */
  #askBootloader(): BootPlan | undefined {
    const { firmware, checks, power, trace, scenario, fates } = this.#deps;
    // Never where it is the only copy left: two faults at once are a broken board.
    let mayBeShorn = firmware.hasBoth((name) => this.boot.readDurable(name));
    const copies: Record<string, Uint8Array | null> = {};
    const plan = firmware.plan((name) => {
      copies[name] = null;
      if (mayBeShorn && this.#happens("shorn read of the environment", scenario.terms.shornReads)) {
        mayBeShorn = false;
        checks.environmentMisread();
        return null;
      }
      copies[name] = this.boot.readRaw(name, fates());
      return copies[name];
    });
    const isLoadable = { a: this.#isLoadable("a"), b: this.#isLoadable("b") };
    this.#deps.onBootPlan?.({ copies, isLoadable, plan });
    checks.environmentRead(plan.isCertain);
    trace.note(() => `bootloader: ${plan.says}`);
    if (plan.write !== null) {
      if (power.strikes()) return undefined;
      const fails = this.#happens("bootloader cannot write", scenario.bootWriteFails);
      if (fails || !this.boot.writeRaw(plan.write.name, plan.write.bytes)) {
        trace.note(() => "the bootloader cannot write");
        return firmware.withoutWrite(plan);
      }
      checks.bootloaderWrote();
    }
    return power.strikes() ? undefined : plan;
  }

  #startFirst({ order, isTrial }: BootPlan): void {
    const { scenario, trace, checks } = this.#deps;
    for (const slot of order) {
      const release = this.#releaseIn(slot);
      const behaviour = this.#behaviourOf(release);
      if (!this.#isLoadable(slot)) {
        trace.note(() => `slot ${slot} cannot be loaded`);
        continue;
      }
      checks.systemStarted(slot, release, isTrial && slot === order[0]);
      if (behaviour === "hangs-early") {
        trace.note(() => `slot ${slot} hangs`);
        this.#resetAfter(WATCHDOG_MS, scenario.watchdog, "a system that hangs");
        return;
      }
      this.#startAgentOf({ slot, release });
      return;
    }
    this.#resetAfter(POWER_BACK_MS, "reset", "a bootloader with nothing to load");
  }

  #releaseIn(slot: Slot): number | null {
    const { raw } = this.slots[slot];
    return raw === null ? null : this.#deps.images.whoseIs(raw);
  }

  #isLoadable(slot: Slot): boolean {
    const release = this.#releaseIn(slot);
    const isWhole = release !== null || !this.#deps.scenario.terms.hasVerity;
    const isReadable = this.slots[slot].raw !== null;
    return isReadable && isWhole && this.#behaviourOf(release) !== "no-kernel";
  }

  #startAgentOf(booted: Booted): void {
    const { time, trace, chance, tally } = this.#deps;
    this.booted = booted;
    this.bootNumber += 1;
    this.isRestartNoted = false;
    tally.boots += 1;
    this.boot.mount();
    this.data.mount();
    for (const [index, folder] of this.folders.entries()) {
      const program = this.programs[index];
      if (folder !== null && program !== undefined) program.running = chosenIn(folder);
    }
    const { bootNumber } = this;
    time.at(time.nowMs + BOOT_MS, () => {
      if (this.bootNumber !== bootNumber) return;
      this.#fruitlessStarts = 0;
      trace.note(
        () => `boot ${bootNumber}: slot ${booted.slot ?? "-"}, release ${String(booted.release)}`,
      );
      this.#begin();
      const behaviour = this.#behaviourOf(booted.release);
      if (behaviour !== "panics" && behaviour !== "hangs-late") return;
      time.at(time.nowMs + chance.below(LATE_DEATH_MS_MAX), () => {
        if (this.bootNumber === bootNumber) this.#die();
      });
    });
  }

  /** The system stands still or crashes, whether or not its agent runs just then. */
  #die(): void {
    const { life } = this;
    if (life?.isOver === false) life.end("reset");
    else this.#ended("reset", "nothing in particular");
  }

  #begin(): void {
    const { time, power, chance, scenario, startAgent, trace } = this.#deps;
    const life = createLife({
      time,
      strikes: () => power.strikes(),
      crashes: () => this.#happens("agent ends by itself", scenario.agentCrash),
      slownessMs: () =>
        chance.happens(scenario.slowness) ? 1 + Math.floor(chance.fraction() * 2_000) : 0,
      onEnd: (why, doing) => {
        trace.note(() => `${why} at "${doing}", ${this.pendingCount} changes pending`);
        this.#ended(why, doing);
      },
    });
    this.life = life;
    startAgent(life);
  }

  #ended(why: LifeEnd, doing: string): void {
    const { time, scenario } = this.#deps;
    const { bootNumber } = this;
    this.#deps.checks.lifeEnded(why, doing);
    if (why === "agent-crash") {
      time.at(time.nowMs + AGENT_RESTART_MS, () => {
        if (this.bootNumber === bootNumber) this.#begin();
      });
      return;
    }
    if (why === "reboot") {
      for (const folder of this.#allFolders()) folder.syncAll();
      this.slots.a.sync();
      this.slots.b.sync();
      this.flush();
    }
    const isHang = this.#behaviourOf(this.booted.release) === "hangs-late" && why === "reset";
    const how = isHang ? scenario.watchdog : why;
    this.#resetAfter(
      isHang ? WATCHDOG_MS : POWER_BACK_MS,
      how === "power-cut" ? how : "reset",
      doing,
    );
  }

  /** Everything that ran is gone; the machine comes up again after a while. */
  #resetAfter(delayMs: number, why: "power-cut" | "reset", doing: string): void {
    const { time, fates, trace, tally, checks } = this.#deps;
    this.bootNumber += 1;
    time.at(time.nowMs + delayMs, () => {
      const isWarm = why === "reset";
      if (!isWarm) {
        tally.powerCuts += 1;
        checks.powerCut();
      }
      const fate = fates();
      trace.note(() => `the machine starts again after a ${why} at "${doing}"`);
      for (const folder of this.#allFolders()) folder.cut(fate, isWarm);
      this.slots.a.cut(fate);
      this.slots.b.cut(fate);
      if (!isWarm) this.#deps.onPowerCut();
      this.powerOn();
    });
  }

  /** All that outlived power, in one order. */
  contents(): readonly Uint8Array[] {
    const folders = this.#allFolders().flatMap((folder) =>
      [...folder.contents()]
        .toSorted(([left], [right]) => (left < right ? -1 : 1))
        .flatMap(([name, content]) => [utf8(name), content ?? UNREADABLE]),
    );
    return [...folders, this.slots.a.raw ?? UNREADABLE, this.slots.b.raw ?? UNREADABLE];
  }

  /** Flips a bit of the slot that nothing is to be started from. */
  #rot(): void {
    if (!this.#hasSlots) return;
    const spare = this.#deps.firmware.spareOf((name) => this.boot.readDurable(name));
    if (spare === undefined) return;
    // While it is the only one that can be loaded, nothing could survive it.
    const { raw } = this.slots[otherSlot(spare)];
    if (raw === null || this.#deps.images.whoseIs(raw) === null) return;
    if (this.#happens("bit rot", this.#deps.scenario.terms.rot))
      this.slots[spare].rot(this.#deps.chance.below(IMAGE_BYTES));
  }

  #behaviourOf(release: number | null) {
    const found = this.#deps.scenario.releases.find(({ number }) => number === release);
    return found?.behaviour ?? "good";
  }

  #allFolders(): readonly SimulatedFolder[] {
    return [this.boot, this.data, ...this.folders.filter((folder) => folder !== null)];
  }

  #happens(fault: string, probability: number): boolean {
    const { chance, tally, isFaulty } = this.#deps;
    if (!isFaulty() || !chance.happens(probability)) return false;
    count(tally.faults, fault);
    return true;
  }
}

/** What a folder payload's own start finds; damaged files count as the factory's. */
function chosenIn(folder: SimulatedFolder): number {
  const bytes = folder.list().includes("current") ? folder.read("current") : undefined;
  const text = bytes === undefined ? "" : String.fromCharCode(...bytes);
  return /^\d+$/.test(text) ? Number(text) : 0;
}
