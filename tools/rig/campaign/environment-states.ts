import type { DiskEvent } from "../disk/forgetful-disk.ts";
import type { EnvironmentOnDisk } from "../machine/board.ts";
import { holding } from "./boot-copies-on-disk.ts";

// Cuts that are timed by a clock seldom hit the milliseconds in which the boot environment is written. So each write to it that
// a real run makes is taken as a cut of its own, in every way that it may go: all subsets of the sectors that are pending.

const SECTOR_BYTES = 512;
/** Of more pending sectors, the newest: 4,096 subsets. */
const PENDING_MAX = 12;

interface SectorWrite {
  readonly copy: 0 | 1;
  /** In its block. */
  readonly start: number;
  readonly bytes: Buffer;
}

export interface EnvironmentStatesOptions {
  readonly environment: Pick<EnvironmentOnDisk, "blockBytes" | "parse">;
  /** Where the two blocks lie on the disk. */
  readonly offsets: readonly [number, number];
  /** What they hold now. */
  readonly blocks: readonly [Buffer, Buffer];
  /** What a bootloader would find that was never chosen. */
  readonly onWrong: (detail: string) => void;
}

export class EnvironmentStates {
  readonly #options: EnvironmentStatesOptions;
  #durable: [Buffer, Buffer];
  #pending: SectorWrite[] = [];
  /** Every choice that the writes led through since what is durable. */
  #choices: Set<string>;
  #states = 0;
  #writes = 0;

  constructor(options: EnvironmentStatesOptions) {
    this.#options = options;
    this.#durable = [Buffer.from(options.blocks[0]), Buffer.from(options.blocks[1])];
    this.#choices = new Set([this.#choiceOf(this.#durable)]);
  }

  /** States that were looked at, and the writes that led to them. */
  get counts(): { readonly writes: number; readonly states: number } {
    return { writes: this.#writes, states: this.#states };
  }

  onDiskEvent(event: DiskEvent): void {
    if (event.kind === "flush") {
      this.#settle();
      return;
    }
    const sectors = this.#sectorsOf(event.offset, event.bytes);
    if (sectors.length === 0) return;
    this.#writes += 1;
    const before = this.#pending.length;
    this.#pending.push(...sectors);
    this.#choices.add(this.#choiceOf(this.#blocksAfter(() => true)));
    this.#enumerate();
    // What is durable when it is answered may still be torn while it is written: hence after the look.
    if (event.isForced) {
      this.#durable = this.#blocksAfter((index) => index >= before);
      this.#pending.length = before;
    }
  }

  /** After a cut: whatever is on the disk now is durable. */
  takeOver(blocks: readonly [Buffer, Buffer]): void {
    this.#durable = [Buffer.from(blocks[0]), Buffer.from(blocks[1])];
    this.#pending = [];
    this.#choices = new Set([this.#choiceOf(this.#durable)]);
  }

  #settle(): void {
    this.takeOver(this.#blocksAfter(() => true));
  }

  #sectorsOf(offset: number, bytes: Buffer): SectorWrite[] {
    const found: SectorWrite[] = [];
    for (const copy of [0, 1] as const)
      for (let start = 0; start < this.#options.environment.blockBytes; start += SECTOR_BYTES) {
        const at = this.#options.offsets[copy] + start - offset;
        if (at >= 0 && at + SECTOR_BYTES <= bytes.length)
          found.push({ copy, start, bytes: Buffer.from(bytes.subarray(at, at + SECTOR_BYTES)) });
      }
    return found;
  }

  #enumerate(): void {
    const first = Math.max(0, this.#pending.length - PENDING_MAX);
    const count = this.#pending.length - first;
    for (let subset = 0; subset < 2 ** count; subset += 1) {
      this.#states += 1;
      const choice = this.#choiceOf(
        this.#blocksAfter((index) => index < first || (subset & (1 << (index - first))) !== 0),
      );
      if (!this.#choices.has(choice))
        this.#options.onWrong(`${choice}, which nobody chose: ${[...this.#choices].join("; ")}`);
    }
  }

  #blocksAfter(survives: (index: number) => boolean): [Buffer, Buffer] {
    const blocks: [Buffer, Buffer] = [Buffer.from(this.#durable[0]), Buffer.from(this.#durable[1])];
    for (const [index, { copy, start, bytes }] of this.#pending.entries())
      if (survives(index)) bytes.copy(blocks[copy], start);
    return blocks;
  }

  #choiceOf([first, second]: readonly [Buffer, Buffer]): string {
    const { parse } = this.#options.environment;
    const now = holding([parse(first), parse(second)]);
    return now === undefined
      ? "neither copy can be read"
      : `good=${now.good} trial=${now.trial} tries=${now.tries}`;
  }
}
