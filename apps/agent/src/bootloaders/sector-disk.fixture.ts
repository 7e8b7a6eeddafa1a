import { randomBytes } from "node:crypto";
import type { SlotDevice } from "@moult/agent-core";

// A partition that loses what was not flushed. `crashStates` gives what a power cut may leave of it: each pending write is
// there, is not, or its sector is garbage.

const SECTOR = 512;

interface PendingWrite {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

type Fate = "lost" | "kept" | "garbage";
const FATES: readonly Fate[] = ["lost", "kept", "garbage"];

/** Power that goes at the step after so many; code that called never hears of it again. */
export class Power {
  #left: number;
  readonly cut: Promise<"cut">;
  #cut: (word: "cut") => void = () => undefined;

  constructor(steps = Number.POSITIVE_INFINITY) {
    this.#left = steps;
    this.cut = new Promise((resolve) => {
      this.#cut = resolve;
    });
  }

  async spend(): Promise<void> {
    this.#left -= 1;
    if (this.#left >= 0) return;
    this.#cut("cut");
    await new Promise(() => undefined);
  }
}

type Sectors = ReadonlyMap<number, Uint8Array>;

export class SectorDisk {
  /** Every write, for those who ask what one change writes. */
  readonly writes: PendingWrite[] = [];
  readonly #factory: Uint8Array;
  #durable: Sectors;
  #now: Map<number, Uint8Array>;
  #pending: PendingWrite[] = [];
  #power = new Power();

  /** `written`: sectors that are no longer as the factory made them. */
  constructor(factory: Uint8Array, written: Sectors = new Map()) {
    this.#factory = factory;
    this.#durable = new Map(written);
    this.#now = new Map(written);
  }

  withPower(power: Power): this {
    this.#power = power;
    return this;
  }

  readonly withDevice = <Result>(use: (device: SlotDevice) => Promise<Result>): Promise<Result> =>
    use({
      sizeBytes: this.#factory.length,
      read: (offset, length) =>
        Promise.resolve(
          this.#now.has(offset) && length === SECTOR
            ? this.sector(offset)
            : this.#factory.slice(offset, offset + length),
        ),
      write: async (offset, bytes) => {
        this.put(offset, bytes);
        await this.#power.spend();
      },
      sync: async () => {
        await this.#power.spend();
        this.#durable = new Map(this.#now);
        this.#pending = [];
      },
      dropCache: () => Promise.resolve(),
    });

  sector(offset: number): Uint8Array {
    return (this.#now.get(offset) ?? this.#factory.subarray(offset, offset + SECTOR)).slice();
  }

  /** As a bootloader writes: nothing flushes it. */
  put(offset: number, bytes: Uint8Array): void {
    if (bytes.length !== SECTOR || offset % SECTOR !== 0)
      throw new Error(`${bytes.length} bytes at ${offset} are not one sector`);
    this.writes.push({ offset, bytes });
    this.#pending.push({ offset, bytes });
    this.#now.set(offset, bytes);
  }

  /** What a power cut now may leave. At most one sector is garbage: power goes once. */
  *crashStates(): Generator<SectorDisk> {
    const count = FATES.length ** this.#pending.length;
    for (let state = 0; state < count; state += 1) {
      const fates = this.#pending.map(
        (_, index) => FATES[Math.floor(state / FATES.length ** index) % FATES.length],
      );
      if (fates.filter((fate) => fate === "garbage").length > 1) continue;
      const sectors = new Map(this.#durable);
      for (const [index, { offset, bytes }] of this.#pending.entries()) {
        if (fates[index] === "kept") sectors.set(offset, bytes);
        if (fates[index] === "garbage") sectors.set(offset, randomBytes(SECTOR));
      }
      yield new SectorDisk(this.#factory, sectors);
    }
  }
}

/**
 * Runs work on a disk with power for 0, 1, 2, ... steps until it comes to its end, and checks each disk that each of these
 * cuts may leave. Returns how many there were.
 */
export async function cutEverywhere(
  start: (power: Power) => Promise<{ readonly disk: SectorDisk; readonly work: Promise<unknown> }>,
  check: (disk: SectorDisk) => Promise<void>,
): Promise<number> {
  let checked = 0;
  for (let steps = 0; ; steps += 1) {
    const power = new Power(steps);
    const { disk, work } = await start(power);
    const how = await Promise.race([work, power.cut]);
    for (const crashed of disk.crashStates()) {
      await check(crashed);
      checked += 1;
    }
    if (how !== "cut") return checked;
  }
}
